package dev.perennial.bench.suite;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Optional;

/** Small JSON files that are there in whole or not at all. */
final class SuiteFiles {

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  private SuiteFiles() {}

  /**
   * Writes a value, in the place of what may be there; on return it outlives a loss of power.
   *
   * @throws FailureException if it cannot be written
   */
  static void write(Path file, Object value) {
    Path unfinished = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.writeString(unfinished, JSON.writeValueAsString(value) + "\n", StandardCharsets.UTF_8);
      try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new FailureException("cannot write " + file + " (" + e.getClass().getSimpleName() + ": " + e.getMessage()
          + "): check its permissions and space, and run the same again", e);
    }
  }

  /**
   * Reads what {@link #write} wrote.
   *
   * @return empty where there is no such file
   * @throws FailureException if it holds something else
   */
  static <T> Optional<T> read(Path file, Class<T> type) {
    if (Files.notExists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.ofNullable(JSON.readValue(Files.readString(file), type));
    } catch (JsonProcessingException e) {
      throw new FailureException("expected what a suite wrote in " + file + ", got something else ("
          + e.getOriginalMessage().lines().findFirst().orElse("") + "): remove the file, and run the same again", e);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " (" + e.getMessage() + "): check its permissions", e);
    }
  }

  /**
   * Removes a directory with all that is in it, if there is one.
   *
   * @throws FailureException if something cannot be removed
   */
  static void remove(Path directory) {
    if (Files.notExists(directory)) {
      return;
    }
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new FailureException("cannot remove " + directory + " (" + e.getMessage() + "): remove it by hand", e);
    }
  }
}
