package dev.perennial.server.source;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import org.jspecify.annotations.Nullable;

/** Offsets as lines of JSON. */
final class Offsets {

  private static final ObjectMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES).build();

  private Offsets() {}

  static String text(Record position) {
    try {
      return JSON.writeValueAsString(position);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("positions are made of texts and numbers", e);
    }
  }

  /**
   * The position that an offset was made of.
   *
   * @throws FailureException if it was made of none
   */
  static <P extends Record> P read(String offset, Class<P> type, String source) {
    try {
      P position = JSON.readValue(offset, type);
      if (position != null) {
        return position;
      }
    } catch (JsonProcessingException e) {
      throw foreign(offset, source, e);
    }
    throw foreign(offset, source, null);
  }

  private static FailureException foreign(
      String offset, String source, @Nullable Exception cause) {
    String shown = offset.length() > 100 ? offset.substring(0, 100) + "..." : offset;
    String message = "expected an offset of " + source + " in the store's last commit, got '" + shown
        + "': name the source that the store learned from, or begin a new store";
    return cause == null ? new FailureException(message) : new FailureException(message, cause);
  }
}
