package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.learn.Classes;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
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
 *
 * Greedy (GDumb, ECCV 2020): an example of a class that has fewer than capacity / classes is kept, and when the memory
 * is full takes the place of a random one of a largest class; any other is dropped.
 */
/** A bounded sample of the past. */
public final class Memory {

  /** Who stays. */
  public enum Policy {
    /** Every example seen with the same probability. */
    RESERVOIR,
    /** As many of each class as can be, those of a class with the same probability. */
    BALANCED,
    /** As many of each class as can be, the first that come. */
    GREEDY
  }

  private final int capacity;
  private final Policy policy;
  private final List<Sample> kept = new ArrayList<>();
  /** For each class that is kept, its places in {@link #kept}, ascending: what a restored memory has too. */
  private final TreeMap<String, List<Integer>> places = new TreeMap<>();
  private final Map<String, Long> seenOfClass = new LinkedHashMap<>();
  private final Set<String> full = new TreeSet<>();
  private long seen;

  /**
   * An empty memory.
   *
   * @param capacity examples kept at most, 0 or more
   * @param policy who stays when it is full
   */
  public Memory(int capacity, Policy policy) {
    this.capacity = capacity;
    this.policy = policy;
  }

  /** Offers one example of the stream. Random numbers are drawn at the index of the example. O(kept of a class). */
  void offer(Example example, CounterRandom random) {
    offer(Sample.of(example), random);
  }

  /** Offers one example of the stream with its logits. As {@link #offer(Example, CounterRandom)}. */
  public void offer(Sample sample, CounterRandom random) {
    double drawn = random.uniform(seen++);
    long ofClass = seenOfClass.merge(sample.label(), 1L, Long::sum);
    switch (policy) {
      case RESERVOIR -> offerReservoir(sample, drawn);
      case BALANCED -> offerBalanced(sample, drawn, ofClass);
      case GREEDY -> offerGreedy(sample, drawn);
    }
  }

  private void offerReservoir(Sample sample, double drawn) {
    if (kept.size() < capacity) {
      append(sample);
      return;
    }
    long place = (long) (drawn * seen);
    if (place < capacity) {
      replace((int) place, sample);
    }
  }

  private void offerBalanced(Sample sample, double drawn, long ofClass) {
    if (kept.size() < capacity) {
      append(sample);
      return;
    }
    full.addAll(largest());
    if (full.contains(sample.label())) {
      List<Integer> own = places.getOrDefault(sample.label(), List.of());
      long place = (long) (drawn * ofClass);
      if (place < own.size()) {
        replace(own.get((int) place), sample);
      }
    } else {
      replaceInLargest(sample, drawn);
    }
  }

  private void offerGreedy(Sample sample, double drawn) {
    long own = places.getOrDefault(sample.label(), List.of()).size();
    if (own * seenOfClass.size() >= capacity) {
      return;
    }
    if (kept.size() < capacity) {
      append(sample);
    } else {
      replaceInLargest(sample, drawn);
    }
  }

  /** The classes of which the most are kept. */
  private List<String> largest() {
    int size = places.values().stream().mapToInt(List::size).max().orElse(0);
    return places.entrySet().stream().filter(own -> own.getValue().size() == size).map(Map.Entry::getKey).toList();
  }

  private void replaceInLargest(Sample sample, double drawn) {
    List<Integer> victims = largest().stream()
        .flatMap(label -> places.getOrDefault(label, List.of()).stream()).toList();
    replace(victims.get((int) (drawn * victims.size())), sample);
  }

  /** Keeps one more, whatever the policy. */
  void append(Sample sample) {
    places.computeIfAbsent(sample.label(), label -> new ArrayList<>()).add(kept.size());
    kept.add(sample);
  }

  /** Keeps an example in place of another, whatever the policy. */
  public void replace(int place, Sample sample) {
    String old = kept.set(place, sample).label();
    if (old.equals(sample.label())) {
      return;
    }
    List<Integer> left = places.getOrDefault(old, List.of());
    left.remove(Collections.binarySearch(left, place));
    if (left.isEmpty()) {
      places.remove(old);
    }
    List<Integer> own = places.computeIfAbsent(sample.label(), label -> new ArrayList<>());
    own.add(-1 - Collections.binarySearch(own, place), place);
  }

  /** Keeps these instead of all others. */
  void keepOnly(List<Sample> samples) {
    kept.clear();
    places.clear();
    samples.forEach(this::append);
  }

  /** {@code count} different ones of those kept, or all where there are fewer; each subset is as likely as another. */
  public List<Sample> draw(int count, CounterRandom random) {
    // Floyd's sampling (Bentley and Floyd, A sample of brilliance, 1987).
    int wanted = Math.min(count, kept.size());
    var taken = new HashSet<Integer>();
    var drawn = new ArrayList<Sample>(wanted);
    for (int i = kept.size() - wanted; i < kept.size(); i++) {
      int candidate = random.below(i, i + 1);
      int place = taken.contains(candidate) ? i : candidate;
      taken.add(place);
      drawn.add(kept.get(place));
    }
    return drawn;
  }

  int capacity() {
    return capacity;
  }

  int size() {
    return kept.size();
  }

  boolean isFull() {
    return kept.size() >= capacity;
  }

  /** What is kept, by place. */
  public List<Sample> samples() {
    return kept;
  }

  List<Example> examples() {
    return kept.stream().map(Sample::example).toList();
  }

  long seen() {
    return seen;
  }

  /** How many examples of each class were seen. */
  Map<String, Long> seenOfClass() {
    return seenOfClass;
  }

  /** The classes that were ever among the largest when a balanced memory was full. */
  Set<String> full() {
    return full;
  }

  /** Bytes of what is kept: inputs, labels and logits. */
  public long bytes() {
    return StoredExamples.bytes(examples()) + kept.stream().mapToLong(sample -> sample.logits().length * 4L).sum();
  }

  /** An independent memory of the same content. */
  Memory copy() {
    var copy = new Memory(capacity, policy);
    copy.keepOnly(kept);
    copy.seen = seen;
    copy.seenOfClass.putAll(seenOfClass);
    copy.full.addAll(full);
    return copy;
  }

  /** What is kept and counted, as the tensors of a state. */
  public Map<String, TensorData> tensors() {
    var tensors = new HashMap<>(StoredExamples.tensors(examples()));
    StoredExamples.logits(kept).forEach((name, tensor) -> tensors.put("logits." + name, tensor));
    tensors.put("seen", TensorData.of(new long[] {seen}, 1));
    Classes.textTensors(List.copyOf(seenOfClass.keySet()))
        .forEach((name, tensor) -> tensors.put("class." + name, tensor));
    tensors.put("class.seen", TensorData.of(
        seenOfClass.values().stream().mapToLong(Long::longValue).toArray(), seenOfClass.size()));
    Classes.textTensors(List.copyOf(full)).forEach((name, tensor) -> tensors.put("largest." + name, tensor));
    return tensors;
  }

  /** Takes over what {@link #tensors} gave. */
  public void restore(StatePart part) {
    List<Example> examples = StoredExamples.examples(part.tensors());
    List<float[]> logits = StoredExamples.logits(StoredExamples.part(part.tensors(), "logits."), examples.size());
    for (int i = 0; i < examples.size(); i++) {
      append(new Sample(examples.get(i), logits.get(i)));
    }
    seen = part.tensor("seen").longs()[0];
    List<String> classes = Classes.texts(StoredExamples.part(part.tensors(), "class."));
    long[] counts = part.tensor("class.seen").longs();
    for (int i = 0; i < counts.length; i++) {
      seenOfClass.put(classes.get(i), counts[i]);
    }
    full.addAll(Classes.texts(StoredExamples.part(part.tensors(), "largest.")));
  }
}
