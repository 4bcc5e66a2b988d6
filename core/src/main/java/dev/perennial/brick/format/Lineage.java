package dev.perennial.brick.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.perennial.FailureException;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What is kept with a brick's tensors beside PEFT's config: where it comes from, what its head names, and, where PEFT has
 * no format for its kind, how it is laid out.
 *
 * @param provenance where it comes from
 * @param options kind and layout; null where another file tells them
 * @param headKind of the head that goes along; null for none
 * @param classes of the head
 */
record Lineage(
    Provenance provenance, @Nullable BrickOptions options, @Nullable String headKind, List<String> classes) {

  private static final long FORMAT = 1;

  private static final Set<String> KEYS = Set.of("format", "base", "stream", "seed", "technique", "version", "parents",
      "learned_on", "recipe", "head", "classes", "brick", "rank", "alpha", "dropout", "sites");

  /** As JSON, with another provenance. */
  String relabelled(Provenance other) {
    return new Lineage(other, options, headKind, classes).text();
  }

  /** As JSON. */
  String text() {
    var object = new TreeMap<String, Object>();
    object.put("format", FORMAT);
    object.put("base", provenance.base());
    object.put("stream", provenance.stream());
    object.put("seed", provenance.seed());
    object.put("technique", provenance.technique());
    object.put("version", provenance.version());
    object.put("parents", provenance.parents());
    object.put("learned_on", provenance.learnedOn());
    if (!provenance.recipe().isEmpty()) {
      object.put("recipe", provenance.recipe());
    }
    if (headKind != null) {
      object.put("head", headKind);
      object.put("classes", classes);
    }
    if (options != null) {
      object.put("brick", options.brick());
      object.put("rank", options.lora().rank());
      object.put("alpha", options.lora().alpha());
      object.put("dropout", options.lora().dropout());
      object.put("sites", options.lora().sites());
    }
    return PythonJson.text(object);
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws FailureException if a key is missing, unknown or of another type
   */
  static Lineage of(ObjectNode object, String where) {
    object.fieldNames().forEachRemaining(key -> {
      if (!KEYS.contains(key)) {
        throw new FailureException("expected the keys of a brick's lineage in " + where + ", found " + key
            + ": it was written by a newer version, or is something else");
      }
    });
    if (whole(object, "format", where) != FORMAT) {
      throw new FailureException("expected a brick's lineage of format " + FORMAT + " in " + where + ", found "
          + object.get("format") + ": it was written by a newer version");
    }
    var provenance = new Provenance(text(object, "stream", where), whole(object, "seed", where),
        text(object, "technique", where), text(object, "version", where), texts(object, "parents", where),
        text(object, "base", where), text(object, "learned_on", where),
        object.has("recipe") ? recipe(object.get("recipe"), where) : new TreeMap<>());
    boolean head = object.has("head");
    return new Lineage(provenance, object.has("brick") ? options(object, where) : null,
        head ? text(object, "head", where) : null, head ? texts(object, "classes", where) : List.of());
  }

  private static BrickOptions options(ObjectNode object, String where) {
    return PeftConfig.checked(where, () -> new BrickOptions(text(object, "brick", where), new LoraOptions(
        Math.toIntExact(whole(object, "rank", where)), number(object, "alpha", where), number(object, "dropout", where),
        text(object, "sites", where))));
  }

  private static TreeMap<String, String> recipe(JsonNode node, String where) {
    if (!node.isObject() || node.valueStream().anyMatch(value -> !value.isTextual())) {
      throw unfit(node, "recipe", where, "names and texts in");
    }
    var recipe = new TreeMap<String, String>();
    node.properties().forEach(entry -> recipe.put(entry.getKey(), entry.getValue().textValue()));
    return recipe;
  }

  private static JsonNode node(ObjectNode object, String key, String where, String what) {
    JsonNode node = object.get(key);
    if (node == null) {
      throw new FailureException("expected " + what + " " + key + " in " + where + ", found none");
    }
    return node;
  }

  private static FailureException unfit(JsonNode node, String key, String where, String what) {
    return new FailureException("expected " + what + " " + key + " in " + where + ", found " + node);
  }

  private static String text(ObjectNode object, String key, String where) {
    JsonNode node = node(object, key, where, "a text");
    if (!node.isTextual()) {
      throw unfit(node, key, where, "a text");
    }
    return node.textValue();
  }

  private static long whole(ObjectNode object, String key, String where) {
    JsonNode node = node(object, key, where, "a whole number");
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw unfit(node, key, where, "a whole number");
    }
    return node.longValue();
  }

  private static double number(ObjectNode object, String key, String where) {
    JsonNode node = node(object, key, where, "a number");
    if (!node.isNumber()) {
      throw unfit(node, key, where, "a number");
    }
    return node.doubleValue();
  }

  private static List<String> texts(ObjectNode object, String key, String where) {
    JsonNode node = node(object, key, where, "a list of texts");
    var texts = new ArrayList<String>();
    if (!node.isArray()) {
      throw unfit(node, key, where, "a list of texts");
    }
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        throw unfit(element, key, where, "a list of texts");
      }
      texts.add(element.textValue());
    }
    return texts;
  }
}
