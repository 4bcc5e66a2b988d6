package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;

/** Holds answers against an OpenAPI document: status, media type, and the fields and types of JSON. */
final class Schemas {

  private final JsonNode document;

  Schemas(JsonNode document) {
    this.document = document;
  }

  void check(String where, JsonNode operation, Client.Reply reply) throws IOException {
    JsonNode response = operation.get("responses").get(Integer.toString(reply.status()));
    assertTrue(response != null, () -> where + " answered " + reply.status() + ", which is not described: " + reply.text());
    String type = reply.type().replaceFirst(";.*", "");
    JsonNode content = resolved(response).get("content").get(type);
    assertTrue(content != null, () -> where + " answered " + reply.status() + " as " + type);
    if (type.endsWith("json")) {
      check(where, content.get("schema"), reply.json());
    }
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? document.at(node.get("$ref").asText().substring(1)) : node;
  }

  void check(String where, JsonNode reference, JsonNode value) {
    JsonNode schema = resolved(reference);
    String type = schema.get("type").asText();
    boolean fits = switch (type) {
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "array" -> value.isArray();
      default -> value.isObject();
    };
    assertTrue(fits, () -> where + ": expected " + type + ", got " + value);
    if (type.equals("array")) {
      value.forEach(item -> check(where, schema.get("items"), item));
    }
    if (schema.has("enum")) {
      boolean among = false;
      for (JsonNode choice : schema.get("enum")) {
        among |= choice.equals(value);
      }
      assertTrue(among, () -> where + ": " + value);
    }
    if (type.equals("object") && schema.has("properties")) {
      value.properties().forEach(field -> {
        JsonNode property = schema.get("properties").get(field.getKey());
        assertTrue(property != null, () -> where + ": the field " + field.getKey() + " is not described");
        check(where + "." + field.getKey(), property, field.getValue());
      });
      if (schema.has("required")) {
        schema.get("required").forEach(name -> assertEquals(true, value.has(name.asText()), () -> where + " lacks " + name));
      }
    }
  }
}
