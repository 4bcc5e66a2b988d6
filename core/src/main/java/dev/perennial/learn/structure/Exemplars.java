package dev.perennial.learn.structure;

import dev.perennial.data.Example;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Exemplars of every class, the most telling first. */
final class Exemplars {

  private final LinkedHashMap<String, List<Example>> byClass = new LinkedHashMap<>();

  /** All of them, class by class. */
  List<Example> all() {
    return byClass.values().stream().flatMap(List::stream).toList();
  }

  /** Those of a class. */
  List<Example> of(String label) {
    return byClass.getOrDefault(label, List.of());
  }

  long bytes() {
    return StoredExamples.bytes(all());
  }

  /** As many different ones as {@code count} if there are, drawn at random. */
  List<Example> draw(int count, CounterRandom random) {
    List<Example> all = all();
    int[] order = random.permutation(all.size());
    var drawn = new ArrayList<Example>();
    for (int i = 0; i < Math.min(count, order.length); i++) {
      drawn.add(all.get(order[i]));
    }
    return drawn;
  }

  /** Takes {@code chosen} as all exemplars of a class. */
  void put(String label, List<Example> chosen) {
    byClass.put(label, List.copyOf(chosen));
  }

  /** Leaves at most {@code total}, of every class as many as of any other or one more, until {@code bytes} suffice. */
  void cut(int total, long bytes) {
    cutTo(total);
    int left = Math.min(total, all().size());
    while (left > 0 && bytes() > bytes) {
      cutTo(--left);
    }
  }

  private void cutTo(int total) {
    int classes = Math.max(1, byClass.size());
    int number = 0;
    for (Map.Entry<String, List<Example>> entry : byClass.entrySet()) {
      int quota = total / classes + (number++ < total % classes ? 1 : 0);
      List<Example> kept = entry.getValue();
      entry.setValue(kept.subList(0, Math.min(quota, kept.size())));
    }
    byClass.values().removeIf(List::isEmpty);
  }

  Map<String, TensorData> tensors() {
    return StoredExamples.tensors(all());
  }

  /** Takes over what {@link #tensors} gave. */
  void restore(Map<String, TensorData> tensors) {
    StoredExamples.examples(tensors).forEach(
        example -> byClass.computeIfAbsent(example.label(), label -> new ArrayList<>()).add(example));
  }
}
