package dev.perennial.brick.format;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads JSON objects that others wrote: no key twice, nothing behind the end, no more than a limit of bytes. */
final class StrictJson {

  private static final long MOST_BYTES = 16L << 20;

  private static final JsonMapper MAPPER = JsonMapper.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
      .build();

  private StrictJson() {}

  /**
   * The object in a file.
   *
   * @throws FailureException if the file cannot be read or holds something else
   */
  static ObjectNode read(Path file) {
    try {
      long size = Files.size(file);
      if (size > MOST_BYTES) {
        throw new FailureException("expected " + file + " to be at most " + MOST_BYTES + " bytes, it has " + size);
      }
      return parse(Files.readString(file), file.toString());
    } catch (NoSuchFileException e) {
      throw new FailureException("expected a file " + file + ", there is none", e);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " as UTF-8: " + e.getMessage(), e);
    }
  }

  /** The object in a text. */
  static ObjectNode parse(String text, String where) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node instanceof ObjectNode object) {
        return object;
      }
      throw new FailureException("expected a JSON object in " + where + ", found something else");
    } catch (JsonProcessingException e) {
      throw new FailureException("expected a JSON object in " + where + ": " + e.getOriginalMessage().lines().findFirst()
          .orElse("it is damaged") + (e.getLocation() == null ? "" : " at line " + e.getLocation().getLineNr()), e);
    }
  }
}
