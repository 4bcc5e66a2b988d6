package dev.perennial.cli;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.merge.Recipe;
import dev.perennial.merge.RecipeValue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * A recipe for merging as YAML in mergekit's shape: {@code merge_method}, {@code base_model}, {@code models} with
 * {@code model} and {@code parameters}, and {@code parameters} of all.
 *
 * <p>A parameter is a number, true or false, a list of numbers over the depth, or a list of filters and values.
 */
final class RecipeFile {

  private static final long MOST_BYTES = 1 << 20;
  private static final List<String> KEYS = List.of("merge_method", "base_model", "models", "parameters", "dtype");
  private static final List<String> MODEL_KEYS = List.of("model", "parameters");
  private static final List<String> CASE_KEYS = List.of("filter", "value");

  private final Path file;

  private RecipeFile(Path file) {
    this.file = file;
  }

  /**
   * Reads a recipe.
   *
   * @throws UsageException if there is no such file, or it is no recipe
   * @throws FailureException if it cannot be read
   */
  static Recipe read(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MOST_BYTES) {
        throw new UsageException("expected a recipe in YAML of at most " + MOST_BYTES + " bytes, there is none at " + file
            + ": check the path, or name a method with --method and then bricks");
      }
      var yaml = YAMLMapper.builder().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION).build();
      JsonNode content = yaml.readTree(Files.readAllBytes(file));
      return new RecipeFile(file).recipe(content);
    } catch (JsonProcessingException e) {
      throw new UsageException("expected YAML in " + file + ", and line "
          + (e.getLocation() == null ? 1 : e.getLocation().getLineNr()) + " is something else: "
          + e.getOriginalMessage().lines().findFirst().orElse("it is damaged"), e);
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + " (" + e.getMessage() + "): check its permissions", e);
    }
  }

  private Recipe recipe(JsonNode content) {
    requireKeys(content, KEYS, "a recipe");
    JsonNode dtype = content.get("dtype");
    if (dtype != null && !dtype.asText().equals("float32")) {
      throw unfit("float32, which bricks are of, for dtype", dtype);
    }
    JsonNode listed = content.get("models");
    if (listed == null || !listed.isArray()) {
      throw unfit("a list of models", listed);
    }
    var models = new ArrayList<Recipe.Model>();
    for (JsonNode model : listed) {
      requireKeys(model, MODEL_KEYS, "a model");
      String name = text(model.get("model"), "the name of a brick for model");
      models.add(new Recipe.Model(name, parameters(model.get("parameters"), " of model " + name)));
    }
    JsonNode base = content.get("base_model");
    String method = text(content.get("merge_method"), "a merge_method");
    SequencedMap<String, RecipeValue> shared = parameters(content.get("parameters"), "");
    try {
      return new Recipe(method, base == null ? null : text(base, "the name of a brick or the backbone for base_model"),
          models, shared);
    } catch (UsageException e) {
      throw new UsageException("in " + file + ": " + e.getMessage(), e);
    }
  }

  private SequencedMap<String, RecipeValue> parameters(@Nullable JsonNode node, String where) {
    var parameters = new LinkedHashMap<String, RecipeValue>();
    if (node == null) {
      return parameters;
    }
    if (!node.isObject()) {
      throw unfit("names and numbers for the parameters" + where, node);
    }
    node.properties().forEach(
        entry -> parameters.put(entry.getKey(), value(entry.getValue(), entry.getKey() + where)));
    return parameters;
  }

  private RecipeValue value(JsonNode node, String what) {
    if (!node.isArray()) {
      return new RecipeValue.Scalar(number(node, what));
    }
    if (!node.isEmpty() && node.get(0).isObject()) {
      var cases = new ArrayList<RecipeValue.Filtered.Case>();
      for (JsonNode each : node) {
        requireKeys(each, CASE_KEYS, what);
        JsonNode filter = each.get("filter");
        JsonNode value = each.get("value");
        if (value == null) {
          throw unfit("a value for " + what, each);
        }
        cases.add(new RecipeValue.Filtered.Case(filter == null || filter.isNull() ? null : text(filter, "a text to filter "
            + what + " by"), simple(value, what)));
      }
      return new RecipeValue.Filtered(cases);
    }
    return simple(node, what);
  }

  private RecipeValue simple(JsonNode node, String what) {
    if (!node.isArray()) {
      return new RecipeValue.Scalar(number(node, what));
    }
    var numbers = new ArrayList<Double>();
    for (JsonNode each : node) {
      numbers.add(number(each, what));
    }
    if (numbers.isEmpty()) {
      throw unfit("numbers for " + what, node);
    }
    return new RecipeValue.Gradient(numbers);
  }

  private double number(JsonNode node, String what) {
    if (node.isBoolean()) {
      return node.booleanValue() ? 1 : 0;
    }
    if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
      throw unfit("a number for " + what, node);
    }
    return node.doubleValue();
  }

  private String text(@Nullable JsonNode node, String what) {
    if (node == null || !node.isTextual() || node.textValue().isBlank()) {
      throw unfit(what, node);
    }
    return node.textValue();
  }

  private void requireKeys(JsonNode node, List<String> known, String what) {
    if (!node.isObject()) {
      throw unfit("the keys " + String.join(", ", known) + " for " + what, node);
    }
    node.fieldNames().forEachRemaining(key -> {
      if (!known.contains(key)) {
        throw new UsageException("expected the keys " + String.join(", ", known) + " for " + what + " in " + file + ", got "
            + key + ": leave it out, or correct its spelling");
      }
    });
  }

  private UsageException unfit(String expected, @Nullable JsonNode found) {
    String got = found == null ? "none" : found.toString();
    return new UsageException("expected " + expected + " in " + file + ", got "
        + (got.length() > 80 ? got.substring(0, 80) + "…" : got));
  }
}
