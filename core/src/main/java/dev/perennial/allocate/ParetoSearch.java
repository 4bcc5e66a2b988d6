package dev.perennial.allocate;

import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/*
 * NSGA-II (Deb and others, IEEE Transactions on Evolutionary Computation 2002) on subsets, one child at a time: parents by
 * tournament of two, uniform crossover, each bit flipped with probability 1 / n. Of the population and the child the worst
 * goes: of the last front the one in the densest place, that is with the least sum of distances to its neighbours along
 * both rewards.
 */
/** Search for subsets of n things by two rewards, both the more the better; no subset is tried twice. */
final class ParetoSearch {

  private static final int TRIES = 200;

  private final int things;
  private final int population;
  private final long seed;
  private final Function<BitSet, Rewards> evaluate;
  private final Map<BitSet, Rewards> tried = new HashMap<>();
  private final List<BitSet> order = new ArrayList<>();

  /** What a subset earned. */
  record Rewards(double first, double second) {

    boolean dominates(Rewards other) {
      return first >= other.first && second >= other.second && (first > other.first || second > other.second);
    }
  }

  /**
   * @param things 1 or more
   * @param population subsets that are kept, 2 or more
   * @param evaluate told subsets that are not empty, which it must not change
   */
  ParetoSearch(int things, int population, long seed, Function<BitSet, Rewards> evaluate) {
    this.things = things;
    this.population = population;
    this.seed = seed;
    this.evaluate = evaluate;
  }

  /** Tries so many subsets, or all that there are: the whole first. Returns those that none dominates, as first tried. */
  List<BitSet> run(int trials) {
    long most = things >= 31 ? Integer.MAX_VALUE : (1L << things) - 1;
    var living = new ArrayList<BitSet>();
    for (int trial = 0; trial < Math.min(trials, most); trial++) {
      BitSet child = fresh(trial, living);
      tried.put(child, evaluate.apply(child));
      order.add(child);
      living.add(child);
      if (living.size() > population) {
        living.remove(worst(living));
      }
    }
    return order.stream().filter(subset -> order.stream().noneMatch(other -> of(other).dominates(of(subset)))).toList();
  }

  /** What a subset that was tried earned. */
  Rewards of(BitSet subset) {
    Rewards rewards = tried.get(subset);
    if (rewards == null) {
      throw new IllegalArgumentException("not tried: " + subset);
    }
    return rewards;
  }

  /** All that were tried, in order. */
  List<BitSet> tried() {
    return List.copyOf(order);
  }

  private BitSet fresh(int trial, List<BitSet> living) {
    for (int attempt = 0; ; attempt++) {
      var random = CounterRandom.of(seed, 301, trial, attempt);
      BitSet subset = trial == 0 && attempt == 0
          ? all()
          : trial < population || attempt > TRIES ? drawn(random) : child(random, living);
      if (!subset.isEmpty() && !tried.containsKey(subset)) {
        return subset;
      }
    }
  }

  private BitSet all() {
    var all = new BitSet();
    all.set(0, things);
    return all;
  }

  /** Each thing with the same probability, which is drawn too. */
  private BitSet drawn(CounterRandom random) {
    double share = random.uniform(0);
    var subset = new BitSet();
    for (int i = 0; i < things; i++) {
      subset.set(i, random.uniform(1 + i) < share);
    }
    return subset;
  }

  private BitSet child(CounterRandom random, List<BitSet> living) {
    BitSet one = tournament(random, 0, living);
    BitSet other = tournament(random, 2, living);
    var child = new BitSet();
    for (int i = 0; i < things; i++) {
      boolean bit = (random.uniform(10 + 2L * i) < 0.5 ? one : other).get(i);
      child.set(i, bit != random.uniform(11 + 2L * i) < 1.0 / things);
    }
    return child;
  }

  private BitSet tournament(CounterRandom random, int index, List<BitSet> living) {
    BitSet one = living.get(random.below(index, living.size()));
    BitSet other = living.get(random.below(index + 1, living.size()));
    return of(other).dominates(of(one)) ? other : one;
  }

  /** The one to give up. */
  private BitSet worst(List<BitSet> living) {
    var left = new ArrayList<>(living);
    List<BitSet> front = left;
    while (!left.isEmpty()) {
      front = front(left);
      Set<BitSet> gone = new HashSet<>(front);
      left.removeIf(gone::contains);
    }
    return densest(front);
  }

  private List<BitSet> front(List<BitSet> among) {
    return among.stream().filter(one -> among.stream().noneMatch(other -> of(other).dominates(of(one)))).toList();
  }

  private BitSet densest(List<BitSet> front) {
    var room = new HashMap<BitSet, Double>();
    for (ToDoubleFunction<BitSet> reward : List.<ToDoubleFunction<BitSet>>of(
        one -> of(one).first(), one -> of(one).second())) {
      List<BitSet> sorted = front.stream().sorted(Comparator.comparingDouble(reward)).toList();
      int last = sorted.size() - 1;
      double width = reward.applyAsDouble(sorted.get(last)) - reward.applyAsDouble(sorted.getFirst());
      for (int i = 0; i <= last; i++) {
        double own = i == 0 || i == last
            ? Double.POSITIVE_INFINITY
            : (reward.applyAsDouble(sorted.get(i + 1)) - reward.applyAsDouble(sorted.get(i - 1)))
                / Math.max(width, Double.MIN_NORMAL);
        room.merge(sorted.get(i), own, Double::sum);
      }
    }
    BitSet densest = front.getFirst();
    for (BitSet one : front) {
      densest = room.getOrDefault(one, 0.0) < room.getOrDefault(densest, 0.0) ? one : densest;
    }
    return densest;
  }
}
