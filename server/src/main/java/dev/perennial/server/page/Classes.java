package dev.perennial.server.page;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/*
 * Forgetting (Chaudhry et al. 2018, Riemannian Walk), of a stream instead of tasks: with a_c(t) the share of the last 32
 * rows of class c that were foreseen when the t-th row came,
 *
 *   forgetting_c = max_{s <= t} a_c(s) - a_c(t)        over the s at which there were at least 10 rows
 */
/** How well each class was foreseen: its last 32 rows, and the best that these ever were. Not for several threads at once. */
final class Classes {

  /** Rows of a class that count. */
  static final int WINDOW = 32;

  private static final int FEWEST = 10;
  private static final int MOST = 5_000;
  private static final int SHOWN = 100;

  private final Map<String, One> classes = new LinkedHashMap<>(16, 0.75f, true);

  private static final class One {
    private int foreseen;
    private long seen;
    private double best;

    private double present() {
      return Integer.bitCount(foreseen) / (double) Math.min(seen, WINDOW);
    }
  }

  /**
   * A row was learned.
   *
   * @return whether it is the first of its class since this began
   */
  boolean add(String label, boolean right) {
    One one = classes.get(label);
    boolean isNew = one == null;
    if (one == null) {
      one = new One();
      classes.put(label, one);
      if (classes.size() > MOST) {
        classes.remove(classes.keySet().iterator().next());
      }
    }
    one.foreseen = one.foreseen << 1 | (right ? 1 : 0);
    one.seen++;
    if (one.seen >= FEWEST) {
      one.best = Math.max(one.best, one.present());
    }
    return isNew;
  }

  /** The classes that were seen last, those that forgot most first. */
  List<State.Known> shown() {
    var all = new ArrayList<State.Known>();
    classes.forEach((label, one) -> all.add(new State.Known(label, one.seen, one.present(), one.seen < FEWEST ? one.present()
        : one.best, one.seen < FEWEST ? 0 : one.best - one.present())));
    List<State.Known> newest = all.subList(Math.max(0, all.size() - SHOWN), all.size());
    return newest.stream().sorted(Comparator.comparingDouble(State.Known::forgetting).reversed()
        .thenComparing(State.Known::label)).toList();
  }

  /** The mean of what classes forgot; 0 where none was seen. */
  double forgetting() {
    return classes.values().stream().filter(one -> one.seen >= FEWEST).mapToDouble(one -> one.best - one.present())
        .average().orElse(0);
  }

  int size() {
    return classes.size();
  }
}
