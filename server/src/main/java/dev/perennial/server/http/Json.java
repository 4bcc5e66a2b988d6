package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import dev.perennial.server.Refused;
import dev.perennial.server.safety.Limits;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.stream.Collectors;

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
      // Strictly, which the parser is not: it takes bytes that no encoder writes.
      String text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      T message = mapper.readValue(text, type);
      if (message == null) {
        throw new Refused(Refused.Reason.MALFORMED, "expected a JSON object as " + where + ", got null");
      }
      return message;
    } catch (CharacterCodingException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected " + where + " in UTF-8, got other bytes: encode it so", e);
    } catch (StreamConstraintsException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected JSON of at most " + DEPTH + " levels and of names and numbers"
          + " of usual lengths as " + where + ", got more", e);
    } catch (UnrecognizedPropertyException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected fields among " + e.getKnownPropertyIds() + " in " + where
          + ", got \"" + shortened(e.getPropertyName()) + "\": leave it out", e);
    } catch (JsonParseException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected JSON as " + where + ", got something else in line "
          + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr(), e);
    } catch (JsonMappingException e) {
      String field = e.getPath().stream().map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]"
          : step.getFieldName()).collect(Collectors.joining("."));
      throw new Refused(Refused.Reason.MALFORMED, "expected " + where + " as /openapi.json describes it, got "
          + (field.isEmpty() ? "another value, or something after it" : "a value of another type in the field " + shortened(field)),
          e);
    } catch (JsonProcessingException e) {
      throw new Refused(Refused.Reason.MALFORMED, "expected JSON as " + where + ", got something else", e);
    }
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
