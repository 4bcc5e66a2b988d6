package dev.perennial.data;

import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** The rows of a table, cut into those to learn, to tune on and to test on; each part in the order of the table. */
record Parts(List<Example> train, List<Example> validation, List<Example> test) {

  /** The purpose of the random numbers that choose the rows to hold out; the second number is the label's place. */
  private static final long HOLD_OUT = 101;

  /**
   * The same with test rows taken from the rows to learn, label by label.
   *
   * @param share of a label's n rows, round(share * n) are taken, but never all
   */
  Parts heldOut(double share, long seed) {
    var places = new LinkedHashMap<String, List<Integer>>();
    for (int i = 0; i < train.size(); i++) {
      places.computeIfAbsent(train.get(i).label(), label -> new ArrayList<>()).add(i);
    }
    var taken = new boolean[train.size()];
    int labelIndex = 0;
    for (var rows : places.values()) {
      int[] order = CounterRandom.of(seed, HOLD_OUT, labelIndex++).permutation(rows.size());
      long count = Math.min(Math.round(share * rows.size()), rows.size() - 1);
      for (int i = 0; i < count; i++) {
        taken[rows.get(order[i])] = true;
      }
    }
    var kept = new ArrayList<Example>();
    var held = new ArrayList<>(test);
    for (int i = 0; i < taken.length; i++) {
      (taken[i] ? held : kept).add(train.get(i));
    }
    return new Parts(kept, validation, held);
  }
}
