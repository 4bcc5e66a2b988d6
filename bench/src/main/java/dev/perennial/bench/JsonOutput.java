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
import picocli.CommandLine.Option;

/** The file that figures are written to, of every command that measures. */
public final class JsonOutput {

  private static final ObjectWriter JSON = JsonMapper.builder()
      .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
      .build().writerWithDefaultPrettyPrinter();

  @Option(names = "--json", paramLabel = "OUT", description = "Write the figures to this file.")
  private @Nullable Path file;

  /** None is asked for yet. */
  public JsonOutput() {}

  /** @param file null where none is asked for */
  JsonOutput(@Nullable Path file) {
    this.file = file;
  }

  /**
   * Makes sure, before time is spent, that there is a place for the file.
   *
   * @throws UsageException if it is a directory, or its directory does not exist or cannot be written to
   */
  public void check() {
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
  public void write(Record figures) {
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
