package dev.perennial.store;

import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The states that tests commit: each a pure function of its step, so that what is read back can be told. */
final class States {
  private States() {}

  /** One part that never changes, one that changes every step and is longer than a chunk, one that grows. */
  static List<StatePart> at(long step) {
    var statistics = new double[150_000];
    Arrays.fill(statistics, (double) step);
    var memory = new int[(int) (step % 1000)];
    Arrays.setAll(memory, i -> i);
    return List.of(
        StatePart.of("brick", Combine.WEIGHTED_MEAN, Map.of("a", TensorData.of(new float[] {1, 2, 3, 4}, 2, 2))),
        StatePart.of("statistics", Combine.SUM, Map.of("gram", TensorData.of(statistics, 300, 500))),
        StatePart.of("memory", Combine.UNION, Map.of("rows", TensorData.of(memory, memory.length))));
  }

  /** A state of two small parts. */
  static List<StatePart> small(long step) {
    return List.of(
        StatePart.of("brick", Combine.WEIGHTED_MEAN, Map.of("a", TensorData.of(new float[] {1, 2}, 2))),
        StatePart.of(
            "statistics", Combine.SUM, Map.of("n", TensorData.of(new long[] {step}), "s", TensorData.of(new int[50], 50))));
  }

  /** A state with a part of many sectors, another that never changes, and one that grows. */
  static List<StatePart> middling(long step) {
    var statistics = new double[2000];
    Arrays.fill(statistics, 1.0 / step);
    var memory = new int[(int) step * 300];
    Arrays.setAll(memory, i -> i);
    return List.of(
        StatePart.of("brick", Combine.WEIGHTED_MEAN, Map.of("a", TensorData.of(new float[] {1, 2, 3, 4}, 2, 2))),
        StatePart.of("statistics", Combine.SUM, Map.of("gram", TensorData.of(statistics, 2000))),
        StatePart.of("memory", Combine.UNION, Map.of("rows", TensorData.of(memory, memory.length))));
  }

  static String digest(Store store, Commit commit) {
    try (StoredParts parts = store.parts(commit)) {
      return StateDigest.of(parts.parts().values());
    }
  }
}
