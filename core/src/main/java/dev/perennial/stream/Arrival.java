package dev.perennial.stream;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/** The order in which classes, tasks and rows arrive: their own where they have one, else one that the seed decides. */
record Arrival(long seed) {

  /** What a shuffle is for: the first number of its random numbers' purpose. */
  enum Use {
    CLASSES(201),
    TASKS(202),
    TRAIN(203),
    TEST(204),
    LEAVING(205),
    PLACES(206),
    SIZES(207),
    DISJOINT(208),
    RETURNS(209),
    SHOTS(210);

    private final long purpose;

    Use(long purpose) {
      this.purpose = purpose;
    }
  }

  /** Training or test rows by their order, or shuffled where they have none. */
  List<Example> rows(List<Example> rows, Use use, int experience) {
    if (rows.isEmpty() || rows.getFirst().order() == null) {
      return shuffled(rows, use, experience);
    }
    return rows.stream().sorted(Comparator.comparing(row -> Objects.requireNonNull(row.order()))).toList();
  }

  /** Anything, shuffled. */
  <T> List<T> shuffled(List<T> items, Use use, int experience) {
    var shuffled = new ArrayList<T>(items.size());
    for (int place : CounterRandom.of(seed, use.purpose, experience).permutation(items.size())) {
      shuffled.add(items.get(place));
    }
    return shuffled;
  }

  /** A list cut into consecutive parts, whose sizes differ by one at most, the larger first. */
  static <T> List<List<T>> cut(List<T> items, int parts) {
    var cut = new ArrayList<List<T>>(parts);
    int from = 0;
    for (int part = 0; part < parts; part++) {
      int to = from + items.size() / parts + (part < items.size() % parts ? 1 : 0);
      cut.add(items.subList(from, to));
      from = to;
    }
    return cut;
  }
}
