package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Where a store is, or is to be; looked at before any time is spent. */
final class StorePath {

  private StorePath() {}

  /**
   * A place for a new store; nothing is made there.
   *
   * @throws UsageException if it holds a store already, or is a file
   * @throws FailureException if it cannot be written
   */
  static Path ofNew(Path directory) {
    if (holdsStore(directory)) {
      throw new UsageException("expected a new place for --store, got " + directory + ", which holds a store already: "
          + "go on with it by ./perennial resume --store " + Shell.word(directory) + ", or name another directory");
    }
    checkWritable("--store", directory);
    return directory;
  }

  /**
   * Makes sure that a directory is there and can be written, or can be made; makes nothing.
   *
   * @param option that names it, for messages
   * @throws UsageException if it, or what it is to be in, is a file
   * @throws FailureException if it cannot be written
   */
  static void checkWritable(String option, Path directory) {
    Path existing = nearestExisting(directory.toAbsolutePath());
    if (existing != null && !Files.isDirectory(existing)) {
      throw new UsageException("expected a directory for " + option + ", got " + directory + ", and " + existing
          + " is a file: name another place");
    }
    if (existing == null || !Files.isWritable(existing)) {
      throw new FailureException("expected a directory that can be written for " + option + ", got " + directory
          + ": check its permissions, or name another place");
    }
  }

  /** Whether there is a store. */
  static boolean holdsStore(Path directory) {
    return Files.exists(directory.resolve("perennial.db"));
  }

  /** The path, or the nearest directory above it, that is there; null if none is. */
  static @Nullable Path nearestExisting(Path path) {
    Path place = path;
    while (place != null && Files.notExists(place)) {
      place = place.getParent();
    }
    return place;
  }
}
