package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/*
 * Reservoir sampling (Vitter, Random Sampling with a Reservoir, 1985): the n-th example takes a random place of n, and
 * is kept if that place is one of the capacity. Every example seen is then kept with the same probability.
 *
 * Class-balanced (Chrysakis and Moens, Online Continual Learning from Imbalanced Data, ICML 2020): while an example's
 * class is not among the largest, it replaces a random one of a largest class; else its own class is a reservoir. A
 * class that was ever the largest is full from then on.
 */
/** A bounded sample of the past. */
final class Memory {

  private final int capacity;
  private final boolean balanced;
  private final List<Example> kept = new ArrayList<>();
  /** For each class that is kept, its places in {@link #kept}, ascending: what a restored memory has too. */
  private final TreeMap<String, List<Integer>> places = new TreeMap<>();
  private final Map<String, Long> seenOfClass = new LinkedHashMap<>();
  private final Set<String> full = new TreeSet<>();
  private long seen;

  Memory(int capacity, boolean balanced) {
    this.capacity = capacity;
    this.balanced = balanced;
  }

  /** Offers one example of the stream. Random numbers are drawn at the index of the example. O(kept of a class). */
  void offer(Example example, CounterRandom random) {
    double drawn = random.uniform(seen++);
    long ofClass = seenOfClass.merge(example.label(), 1L, Long::sum);
    if (kept.size() < capacity) {
      append(example);
    } else if (balanced) {
      offerBalanced(example, drawn, ofClass);
    } else {
      long place = (long) (drawn * seen);
      if (place < capacity) {
        replace((int) place, example);
      }
    }
  }

  private void offerBalanced(Example example, double drawn, long ofClass) {
    int size = places.values().stream().mapToInt(List::size).max().orElse(0);
    var largest = new ArrayList<List<Integer>>();
    places.forEach((label, own) -> {
      if (own.size() == size) {
        largest.add(own);
        full.add(label);
      }
    });
    if (full.contains(example.label())) {
      List<Integer> own = places.getOrDefault(example.label(), List.of());
      long place = (long) (drawn * ofClass);
      if (place < own.size()) {
        replace(own.get((int) place), example);
      }
    } else {
      int victim = (int) (drawn * largest.size() * size);
      replace(largest.get(victim / size).get(victim % size), example);
    }
  }

  private void append(Example example) {
    places.computeIfAbsent(example.label(), label -> new ArrayList<>()).add(kept.size());
    kept.add(example);
  }

  private void replace(int place, Example example) {
    String old = kept.set(place, example).label();
    if (old.equals(example.label())) {
      return;
    }
    List<Integer> left = places.getOrDefault(old, List.of());
    left.remove(Collections.binarySearch(left, place));
    if (left.isEmpty()) {
      places.remove(old);
    }
    List<Integer> own = places.computeIfAbsent(example.label(), label -> new ArrayList<>());
    own.add(-1 - Collections.binarySearch(own, place), place);
  }

  List<Example> kept() {
    return kept;
  }

  long seen() {
    return seen;
  }

  /** How many examples of each class were seen. */
  Map<String, Long> seenOfClass() {
    return seenOfClass;
  }

  /** The classes that were ever among the largest when the memory was full. */
  Set<String> full() {
    return full;
  }

  /** Takes over what another memory kept and counted. */
  void restore(List<Example> examples, long seenBefore, Map<String, Long> ofClass, Collection<String> fullBefore) {
    examples.forEach(this::append);
    seen = seenBefore;
    seenOfClass.putAll(ofClass);
    full.addAll(fullBefore);
  }
}
