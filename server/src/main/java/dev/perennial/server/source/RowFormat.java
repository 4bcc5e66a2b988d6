package dev.perennial.server.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * How a row is written: one JSON object with a text and a label among its fields.
 *
 * @param text name of the field of the text
 * @param label name of the field of the label
 * @param mostBytes of a row, 16 to 64 MB; default 1 MB
 */
public record RowFormat(String text, String label, int mostBytes) {

  /** {@code {"text": "...", "label": "..."}}. */
  public static final RowFormat DEFAULT = new RowFormat("text", "label", 1 << 20);

  private static final int DEEPEST = 64;

  private static final JsonFactory JSON = JsonFactory.builder()
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEPEST).build())
      .build();

  /** Checks the names and the range. */
  public RowFormat {
    if (text.isEmpty() || label.isEmpty() || text.equals(label)) {
      throw new UsageException(
          "expected the names of two fields for the text and the label, got '" + text + "' and '" + label + "'");
    }
    if (mostBytes < 16 || mostBytes > 64 << 20) {
      throw new UsageException("expected rows of at most 16 to 67108864 bytes, got " + mostBytes);
    }
  }

  /** A row that could not be read, in words that follow "row 7 of x: ". */
  static final class MalformedException extends Exception {

    MalformedException(String reason) {
      super(reason);
    }

    /** The reason. */
    String reason() {
      return String.valueOf(getMessage());
    }
  }

  /**
   * Reads one row.
   *
   * @param bytes UTF-8
   * @throws MalformedException if it is none
   */
  Row read(byte[] bytes) throws MalformedException {
    if (bytes.length > mostBytes) {
      throw tooLong(bytes.length);
    }
    String json;
    try {
      json = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedException("it is not UTF-8");
    }
    String foundText = null;
    String foundLabel = null;
    try (JsonParser parser = JSON.createParser(json)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new MalformedException("it is not a JSON object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String field = parser.currentName();
        JsonToken value = parser.nextToken();
        if (field.equals(text) || field.equals(label)) {
          if (value != JsonToken.VALUE_STRING) {
            throw new MalformedException("its field " + field + " is not a text");
          }
          if (field.equals(text)) {
            foundText = parser.getText();
          } else {
            foundLabel = parser.getText();
          }
        } else {
          parser.skipChildren();
        }
      }
      if (parser.nextToken() != null) {
        throw new MalformedException("something follows its JSON object");
      }
    } catch (JsonProcessingException e) {
      throw new MalformedException("it is not JSON (" + oneLine(e.getOriginalMessage()) + ")");
    } catch (IOException e) {
      throw new UncheckedIOException("a text is not read from a disk", e);
    }
    return new Row(present(text, foundText), present(label, foundLabel));
  }

  MalformedException tooLong(long bytes) {
    return new MalformedException("it has " + bytes + " bytes, and " + mostBytes + " is the most");
  }

  private static String present(String field, @Nullable String value) throws MalformedException {
    if (value == null || value.isBlank()) {
      throw new MalformedException("its field " + field + " is " + (value == null ? "missing" : "blank"));
    }
    return value;
  }

  private static String oneLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }
}
