package dev.perennial.bench;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import org.jspecify.annotations.Nullable;

/** Places for files that are written to be measured, and deleted. */
final class ScratchDirectory {

  private ScratchDirectory() {}

  /**
   * A new directory.
   *
   * @param parent where it is made; null for among the system's temporary files
   * @throws FailureException if it cannot be made
   */
  static Path in(@Nullable Path parent, String name) {
    try {
      if (parent == null) {
        return Files.createTempDirectory(name);
      }
      return Files.createTempDirectory(Files.createDirectories(parent), name);
    } catch (IOException e) {
      throw new FailureException("expected a place to write to for --dir, got " + parent + " (" + e.getMessage()
          + "): check its permissions and space, or name another", e);
    }
  }

  /** Deletes it with all that is in it. */
  static void delete(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return;
    }
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
