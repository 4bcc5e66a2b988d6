package dev.perennial.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** JSON as the commands print it. */
final class Json {

  private static final ObjectWriter LINE = JsonMapper.builder().build().writer();
  private static final ObjectWriter PRETTY = LINE.withDefaultPrettyPrinter();

  private Json() {}

  /** A value in one line. */
  static String line(Object value) {
    return write(LINE, value);
  }

  /** A value, indented. */
  static String pretty(Object value) {
    return write(PRETTY, value);
  }

  private static String write(ObjectWriter writer, Object value) {
    try {
      return writer.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what commands print is made of texts and numbers", e);
    }
  }
}
