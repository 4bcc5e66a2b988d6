package dev.perennial.bench;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The texts that smaller encoders are compared on.
 *
 * @param train rows to learn, in random order
 * @param test rows to report on
 * @param classes number of each label
 */
record ShrinkTexts(List<Example> train, List<Example> test, Map<String, Integer> classes) {

  private static final long ORDER = 311;

  /** At most so many rows of each class, drawn by the seed; 0 for all. */
  static ShrinkTexts of(Dataset rows, int perClass, int testPerClass, long seed) {
    var classes = new LinkedHashMap<String, Integer>();
    rows.train().forEach(example -> classes.putIfAbsent(example.label(), classes.size()));
    return new ShrinkTexts(drawn(rows.train(), perClass, seed), drawn(rows.test(), testPerClass, seed), classes);
  }

  private static List<Example> drawn(List<Example> rows, int perClass, long seed) {
    var counts = new HashMap<String, Integer>();
    var drawn = new ArrayList<Example>();
    for (int place : CounterRandom.of(seed, ORDER).permutation(rows.size())) {
      Example row = rows.get(place);
      if (counts.merge(row.label(), 1, Integer::sum) <= perClass || perClass == 0) {
        drawn.add(row);
      }
    }
    return drawn;
  }

  static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  long[] labels(List<Example> rows) {
    return rows.stream().mapToLong(row -> classes.getOrDefault(row.label(), -1)).toArray();
  }
}
