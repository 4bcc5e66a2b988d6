package dev.perennial.merge;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How bricks are merged, in the shape of mergekit's recipes: a method, models, and numbers of each and of all.
 *
 * <p>A number that a model does not have is that of the recipe, and else the method's usual one.
 *
 * @param method such as {@code ties}: one of {@link #methods()}
 * @param base a brick that changes are taken from and added to again, or the first of slerp; the backbone's name or null
 *     for the backbone alone
 * @param models at least one, in order
 * @param parameters of all, by name
 */
public record Recipe(
    String method, @Nullable String base, List<Model> models, SequencedMap<String, RecipeValue> parameters) {

  /**
   * A brick that is merged.
   *
   * @param name it is asked for by
   * @param parameters its own, by name
   */
  public record Model(String name, SequencedMap<String, RecipeValue> parameters) {

    /** Copies the parameters. */
    public Model {
      parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
    }

    /** A brick with the numbers of all. */
    public Model(String name) {
      this(name, new LinkedHashMap<>());
    }
  }

  /**
   * Checks method, names and ranges.
   *
   * @throws UsageException if there is no such method or parameter, a number is out of its range, or the method does not
   *     merge so many models
   */
  public Recipe {
    models = List.copyOf(models);
    parameters = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(parameters));
    MergeMethod how = MergeMethod.of(method);
    if (models.size() < how.fewest() || models.size() > how.most()) {
      throw new UsageException("expected " + (how.most() == how.fewest() ? "" : "at least ") + how.fewest()
          + " models to merge by " + method + ", got " + models.size());
    }
    parameters.forEach((name, value) -> check(how, name, value, "", false));
    for (Model model : models) {
      model.parameters().forEach((name, value) -> check(how, name, value, " of model " + model.name(), true));
    }
  }

  private static void check(MergeMethod method, String name, RecipeValue value, String where, boolean ofModel) {
    List<String> known = method.settings().stream().filter(setting -> setting.ofModel() || !ofModel).map(Setting::name)
        .toList();
    if (!known.contains(name)) {
      throw new UsageException("expected a parameter of " + method.name() + where + ", got " + name
          + (known.isEmpty() ? ": it has none" : ": there are " + String.join(", ", known))
          + Spelling.suggestion(name, known));
    }
    Setting setting = method.setting(name).orElseThrow();
    value.numbers().forEach(number -> setting.check(number, where));
    if (method.whole() && !(value instanceof RecipeValue.Scalar)) {
      throw new UsageException("expected one number for " + name + where + ", got several: " + method.name()
          + " compares whole bricks, and not the sites by themselves");
    }
  }

  /** The names of the methods. */
  public static List<String> methods() {
    return MergeMethod.names();
  }

  /**
   * The names of the numbers that a method takes.
   *
   * @throws UsageException if there is no such method
   */
  public static List<String> numbers(String method) {
    return MergeMethod.of(method).settings().stream().map(Setting::name).toList();
  }

  /** Whether a method merges so many models. */
  public static boolean merges(String method, int models) {
    MergeMethod how = MergeMethod.of(method);
    return models >= how.fewest() && models <= how.most();
  }

  /** All its numbers as texts by what they are, those that are the usual ones too: {@code lambda}, {@code weight of NAME}. */
  SortedMap<String, String> texts() {
    var texts = new TreeMap<String, String>();
    for (Setting setting : how().settings()) {
      RecipeValue shared = parameters.getOrDefault(setting.name(), new RecipeValue.Scalar(setting.usual()));
      if (setting.ofModel()) {
        models.forEach(model -> texts.put(
            setting.name() + " of " + model.name(), model.parameters().getOrDefault(setting.name(), shared).text()));
      } else {
        texts.put(setting.name(), shared.text());
      }
    }
    return texts;
  }

  /** The names of the bricks that it needs, the base among them where it is one. */
  public SequencedSet<String> bricks(String backbone) {
    var names = new LinkedHashSet<String>();
    if (base != null && !base.equals(backbone)) {
      names.add(base);
    }
    models.forEach(model -> names.add(model.name()));
    return names;
  }

  /** The same with other models. */
  public Recipe withModels(List<Model> others) {
    return new Recipe(method, base, others, parameters);
  }

  MergeMethod how() {
    return MergeMethod.of(method);
  }

  /** The texts that sites are chosen by. */
  List<String> filters() {
    var values = new ArrayList<>(parameters.values());
    models.forEach(model -> values.addAll(model.parameters().values()));
    var filters = new ArrayList<String>();
    for (RecipeValue value : values) {
      if (value instanceof RecipeValue.Filtered filtered) {
        for (RecipeValue.Filtered.Case each : filtered.cases()) {
          String filter = each.filter();
          if (filter != null) {
            filters.add(filter);
          }
        }
      }
    }
    return filters;
  }

  /** The numbers at a site. */
  Numbers at(Site site, int blocks) {
    var ofModels = new HashMap<String, double[]>();
    var ofAll = new HashMap<String, Double>();
    for (Setting setting : how().settings()) {
      double shared = number(parameters, setting, site, blocks).orElse(setting.usual());
      ofAll.put(setting.name(), shared);
      if (setting.ofModel()) {
        ofModels.put(setting.name(), models.stream()
            .mapToDouble(model -> number(model.parameters(), setting, site, blocks).orElse(shared)).toArray());
      }
    }
    return new Numbers(ofModels, ofAll);
  }

  private static OptionalDouble number(Map<String, RecipeValue> values, Setting setting, Site site, int blocks) {
    RecipeValue value = values.get(setting.name());
    return value == null ? OptionalDouble.empty() : value.at(site, blocks);
  }
}
