package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
  private final Map<String, Long> seenOfClass = new LinkedHashMap<>();
  private final Map<String, Boolean> wasLargest = new LinkedHashMap<>();
  private long seen;

  Memory(int capacity, boolean balanced) {
    this.capacity = capacity;
    this.balanced = balanced;
  }

  /** Offers one example of the stream. Random numbers are drawn at the index of the example. */
  void offer(Example example, CounterRandom random) {
    long index = seen++;
    long ofClass = seenOfClass.merge(example.label(), 1L, Long::sum);
    if (kept.size() < capacity) {
      kept.add(example);
      return;
    }
    if (!balanced) {
      long place = (long) (random.uniform(index) * seen);
      if (place < capacity) {
        kept.set((int) place, example);
      }
      return;
    }
    Map<String, Integer> sizes = sizes();
    int largest = sizes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
    sizes.forEach((label, size) -> {
      if (size == largest) {
        wasLargest.put(label, true);
      }
    });
    if (wasLargest.containsKey(example.label())) {
      int own = sizes.getOrDefault(example.label(), 0);
      long place = (long) (random.uniform(index) * ofClass);
      if (place < own) {
        kept.set(placeOf(example.label(), (int) place), example);
      }
      return;
    }
    List<String> largestClasses = sizes.entrySet().stream()
        .filter(entry -> entry.getValue() == largest).map(Map.Entry::getKey).toList();
    int victim = (int) (random.uniform(index) * largestClasses.size() * largest);
    kept.set(placeOf(largestClasses.get(victim / largest), victim % largest), example);
  }

  private Map<String, Integer> sizes() {
    var sizes = new LinkedHashMap<String, Integer>();
    kept.forEach(example -> sizes.merge(example.label(), 1, Integer::sum));
    return sizes;
  }

  private int placeOf(String label, int nth) {
    int found = 0;
    for (int i = 0; i < kept.size(); i++) {
      if (kept.get(i).label().equals(label) && found++ == nth) {
        return i;
      }
    }
    throw new IllegalStateException("fewer than " + nth + " examples of " + label + " are kept");
  }

  List<Example> kept() {
    return kept;
  }

  long seen() {
    return seen;
  }

  Map<String, Long> seenOfClass() {
    return seenOfClass;
  }

  Map<String, Boolean> wasLargest() {
    return wasLargest;
  }

  /** Takes over what another memory kept and counted. */
  void restore(List<Example> examples, long seenBefore, Map<String, Long> ofClass, List<String> largest) {
    kept.addAll(examples);
    seen = seenBefore;
    seenOfClass.putAll(ofClass);
    largest.forEach(label -> wasLargest.put(label, true));
  }
}
