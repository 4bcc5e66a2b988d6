package dev.perennial.learn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of a technique's options that are worth a trial when it is tuned.
 *
 * <p>Kept beside the technique, and small: what is a budget, such as a memory's size, is the user's and is not tuned.
 *
 * @param values those of each option, the cheapest first, written as on the command line, by the option's name
 * @param start the options to begin with where the defaults take long: cheap, and a fair sign of what there is to gain;
 *     empty for the defaults
 */
public record SearchSpace(Map<String, List<String>> values, Map<String, String> start) {

  /** Nothing to choose. */
  public static final SearchSpace NONE = new SearchSpace(Map.of(), Map.of());

  /**
   * Copies the values in their order.
   *
   * @throws IllegalArgumentException if an option has no value
   */
  public SearchSpace {
    var copy = new LinkedHashMap<String, List<String>>();
    values.forEach((option, few) -> {
      if (few.isEmpty()) {
        throw new IllegalArgumentException("an option that is tuned has values, and " + option + " has none");
      }
      copy.put(option, List.copyOf(few));
    });
    values = Collections.unmodifiableMap(copy);
    start = Map.copyOf(start);
  }

  /** The values of one option. */
  public static SearchSpace of(String option, String... values) {
    return NONE.and(option, values);
  }

  /** This space with the values of one more option, or with others of the same. */
  public SearchSpace and(String option, String... more) {
    var all = new LinkedHashMap<>(values);
    all.put(option, List.of(more));
    return new SearchSpace(all, start);
  }

  /** This space, begun with one option at another value than its default. */
  public SearchSpace startingAt(String option, String value) {
    var changed = new LinkedHashMap<>(start);
    changed.put(option, value);
    return new SearchSpace(values, changed);
  }

  /** Every combination of the values, the last option changing fastest; one without any option where there are none. */
  public List<Map<String, String>> points() {
    List<Map<String, String>> points = List.of(Map.of());
    for (var option : values.entrySet()) {
      var longer = new ArrayList<Map<String, String>>();
      for (Map<String, String> point : points) {
        for (String value : option.getValue()) {
          var with = new LinkedHashMap<>(point);
          with.put(option.getKey(), value);
          longer.add(with);
        }
      }
      points = longer;
    }
    return points;
  }
}
