package dev.perennial.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The file that figures are written to.
 *
 * @param file null where none is asked for
 */
record JsonOutput(@Nullable Path file) {

  private static final ObjectWriter JSON = JsonMapper.builder()
      .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
      .build().writerWithDefaultPrettyPrinter();

  /**
   * Makes sure, before time is spent, that there is a place for the file.
   *
   * @throws UsageException if it is a directory, or its directory does not exist or cannot be written to
   */
  void check() {
    if (file == null) {
      return;
    }
    if (Files.isDirectory(file)) {
      throw new UsageException("expected a file for --json, got the directory " + file + ": name a file in it");
    }
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null || !Files.isWritable(Files.exists(file) ? file : parent)) {
      throw new UsageException(
          "expected a file that can be written for --json, got " + file + ": make its directory, or name another");
    }
  }

  /**
   * Writes figures as JSON, without the components that are null.
   *
   * @throws FailureException if the file cannot be written
   */
  void write(Record figures) {
    if (file == null) {
      return;
    }
    try {
      Files.writeString(file, JSON.writeValueAsString(figures) + "\n");
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("figures are made of texts and numbers", e);
    } catch (IOException e) {
      throw new FailureException("could not write the figures to " + file + " (" + e.getMessage()
          + "): check permissions and space, or name another file with --json", e);
    }
  }
}
