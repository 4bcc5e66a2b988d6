package dev.perennial.server.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.perennial.server.Refused;
import dev.perennial.server.safety.Limits;
import java.io.IOException;

/** JSON as it is taken from strangers: no unknown or doubled fields, no other types, nothing deep or long. */
final class Json {

  private static final int DEPTH = 8;

  private final ObjectMapper mapper;

  Json(Limits limits) {
    var constraints = StreamReadConstraints.builder().maxNestingDepth(DEPTH).maxStringLength(limits.bodyBytes())
        .maxNumberLength(40).maxNameLength(200).build();
    mapper = JsonMapper.builder(JsonFactory.builder().streamReadConstraints(constraints).build())
        .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
        .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
        .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
        .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
        .withCoercionConfig(LogicalType.Textual, config -> config
            .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
            .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
            .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
        .withCoercionConfig(LogicalType.Integer, config -> config.setCoercion(CoercionInputShape.Float, CoercionAction.Fail))
        .defaultPropertyInclusion(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
        .build();
  }

  /**
   * What a message says.
   *
   * @param where it came from, such as {@code the body} or {@code line 3}
   * @throws Refused if it is no such message
   */
  <T> T read(byte[] bytes, Class<T> type, String where) {
    try {
      T message = mapper.readValue(bytes, type);
      if (message == null) {
        throw new Refused(Refused.Reason.MALFORMED, "expected a JSON object as " + where + ", got null");
      }
      return message;
    } catch (StreamConstraintsException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected JSON of at most " + DEPTH + " levels and of fields and numbers"
          + " of usual lengths as " + where + ", got more: " + line(e), e);
    } catch (UnrecognizedPropertyException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected fields among " + e.getKnownPropertyIds() + " in " + where
          + ", got \"" + shortened(e.getPropertyName()) + "\": leave it out", e);
    } catch (JsonProcessingException e) {
      if (e.getCause() instanceof Refused refused) {
        throw refused;
      }
      throw new Refused(Refused.Reason.MALFORMED, "expected " + where + " as /openapi.json describes it, in JSON and UTF-8,"
          + " got something else: " + line(e), e);
    } catch (IOException e) {
      // Invalid UTF-8 comes as a plain exception.
      throw new Refused(Refused.Reason.MALFORMED, "expected " + where + " in JSON and UTF-8, got something else: "
          + shortened(String.valueOf(e.getMessage())), e);
    }
  }

  private static String line(JsonProcessingException e) {
    return shortened(e.getOriginalMessage().lines().findFirst().orElse("it cannot be read"));
  }

  static String shortened(String text) {
    String printable = text.replaceAll("[\\x00-\\x1f\\x7f]", " ");
    return printable.length() <= 200 ? printable : printable.substring(0, 200) + "...";
  }

  /** A message as bytes. */
  byte[] write(Object message) {
    try {
      return mapper.writeValueAsBytes(message);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("messages are made of texts and numbers", e);
    }
  }
}
