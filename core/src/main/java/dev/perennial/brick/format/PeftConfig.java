package dev.perennial.brick.format;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * An {@code adapter_config.json} that was read. Every message names the file and the key.
 *
 * @param where the file
 * @param object what is in it
 */
record PeftConfig(String where, ObjectNode object) {

  /** What stands before the modules of an encoder within a model with a head. */
  static final String ENCODER = "bert.";

  /** Keys of every type. */
  private static final Set<String> COMMON = Set.of("peft_type", "task_type", "auto_mapping", "peft_version",
      "base_model_name_or_path", "revision", "inference_mode", "modules_to_save", "runtime_config");

  /** The PEFT type. */
  String type() {
    String type = text("peft_type");
    if (type == null) {
      throw new FailureException("expected a peft_type in " + where + ", found none: it is no adapter of PEFT's layout");
    }
    return type;
  }

  int whole(String key, int otherwise) {
    JsonNode node = object.get(key);
    if (isNothing(node)) {
      return otherwise;
    }
    if (!node.isIntegralNumber() || !node.canConvertToInt()) {
      throw unfit("a whole number", key, node);
    }
    return node.intValue();
  }

  double number(String key, double otherwise) {
    JsonNode node = object.get(key);
    if (isNothing(node)) {
      return otherwise;
    }
    if (!node.isNumber()) {
      throw unfit("a number", key, node);
    }
    return node.doubleValue();
  }

  boolean truth(String key, boolean otherwise) {
    JsonNode node = object.get(key);
    if (isNothing(node)) {
      return otherwise;
    }
    if (!node.isBoolean()) {
      throw unfit("true or false", key, node);
    }
    return node.booleanValue();
  }

  @Nullable String text(String key) {
    JsonNode node = object.get(key);
    if (isNothing(node)) {
      return null;
    }
    if (!node.isTextual()) {
      throw unfit("a text", key, node);
    }
    return node.textValue();
  }

  /** The entries of an object in the order of the file; none where it is absent. */
  Map<String, JsonNode> entries(String key) {
    JsonNode node = object.get(key);
    var entries = new LinkedHashMap<String, JsonNode>();
    if (isNothing(node)) {
      return entries;
    }
    if (!node.isObject()) {
      throw unfit("an object", key, node);
    }
    node.fields().forEachRemaining(entry -> entries.put(entry.getKey(), entry.getValue()));
    return entries;
  }

  private static boolean isNothing(@Nullable JsonNode node) {
    return node == null || node.isNull();
  }

  FailureException unfit(String expected, String key, JsonNode found) {
    return new FailureException("expected " + expected + " for " + key + " in " + where + ", found " + found);
  }

  /** Refuses a value that would change what the tensors mean in a way that is not known here. */
  void requireIdle(String key) {
    JsonNode node = object.get(key);
    boolean idle = isNothing(node) || node.isBoolean() && !node.booleanValue() || node.isContainerNode() && node.isEmpty();
    if (!idle) {
      throw new FailureException("expected nothing for " + key + " in " + where + ", found " + node
          + ": adapters of that sort cannot be read");
    }
  }

  /** Refuses unknown keys that say something, as newer versions may write. */
  void requireKnown(Collection<String> known) {
    object.fieldNames().forEachRemaining(key -> {
      if (!known.contains(key) && !COMMON.contains(key)) {
        requireIdle(key);
      }
    });
  }

  /**
   * The sites that a list of module names or a regular expression names, as PEFT reads it.
   *
   * @param usual names where there is nothing; none for no site
   * @throws FailureException if an entry names none of the sites
   */
  List<Site> sites(String key, List<Site> all, List<String> usual) {
    JsonNode node = object.get(key);
    if (node != null && node.isTextual()) {
      String expression = node.textValue();
      if (expression.equals("all-linear")) {
        return all;
      }
      Pattern pattern = pattern(key, expression);
      return some(key, expression, all.stream().filter(site -> pattern.matcher(site.name()).matches()
          || pattern.matcher(ENCODER + site.name()).matches()).toList(), all);
    }
    var chosen = new ArrayList<Site>();
    for (String name : isNothing(node) ? usual : names(key, node)) {
      chosen.addAll(some(key, name, all.stream().filter(site -> named(site, name)).toList(), all));
    }
    return all.stream().filter(chosen::contains).toList();
  }

  /** Whether a site is called that, in whole or by the end of its path. */
  static boolean named(Site site, String name) {
    String full = ENCODER + site.name();
    return site.name().equals(name) || full.equals(name) || full.endsWith("." + name);
  }

  private List<Site> some(String key, String name, List<Site> chosen, List<Site> all) {
    if (chosen.isEmpty()) {
      throw new FailureException("expected " + key + " in " + where + " to name sites of the backbone, and " + name
          + " names none: it has " + (all.isEmpty() ? "none at all" : "sites such as " + all.getFirst().name()));
    }
    return chosen;
  }

  private List<String> names(String key, JsonNode node) {
    if (!node.isArray()) {
      throw unfit("a list of module names", key, node);
    }
    var names = new ArrayList<String>();
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        throw unfit("a list of module names", key, element);
      }
      names.add(element.textValue());
    }
    return names;
  }

  Pattern pattern(String key, String expression) {
    try {
      return Pattern.compile(expression);
    } catch (PatternSyntaxException e) {
      throw new FailureException(
          "expected a regular expression for " + key + " in " + where + ", found " + expression, e);
    }
  }

  /** The number of each site that a pattern object gives another than usual, the first expression that fits deciding. */
  Map<Site, Double> patterns(String key, List<Site> sites) {
    var numbers = new LinkedHashMap<Site, Double>();
    entries(key).forEach((expression, node) -> {
      if (!node.isNumber()) {
        throw unfit("numbers", key, node);
      }
      Pattern pattern = pattern(key, "(.*\\.)?(" + expression + ")");
      List<Site> named = some(key, expression, sites.stream().filter(site -> pattern.matcher(site.name()).matches()
          || pattern.matcher(ENCODER + site.name()).matches()).toList(), sites);
      named.forEach(site -> numbers.putIfAbsent(site, node.doubleValue()));
    });
    return numbers;
  }

  /** A request that a file makes: what is wrong with it is wrong with the file. */
  static <T> T checked(String where, Supplier<T> request) {
    try {
      return request.get();
    } catch (UsageException | ArithmeticException e) {
      throw new FailureException(where + ": " + e.getMessage(), e);
    }
  }
}
