package dev.perennial.learn.structure;

import dev.perennial.data.Example;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Herding, as in iCaRL (arXiv 1611.07725): with the features f of a class's rows at length 1 and their mean mu, the k-th
 * exemplar is the row that brings the mean of the first k nearest to mu:
 *   argmin |mu - (S + f) / k|² = argmax (k mu - S) · f,   S the sum of those chosen before, all |f| = 1
 * So the first exemplars of a class are its best ones, and a class gives up its last ones.
 */
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

  /**
   * The numbers of the rows that herding chooses, in its order. O(count * rows * width).
   *
   * @param features {@code [rows, width]}
   * @param count of rows to choose, or all where there are fewer
   */
  static int[] herd(Tensor features, int count) {
    Tensor rows = torch.normalize(features);
    Tensor mean = rows.mean(0);
    Tensor sum = Tensors.zeros(mean.numel());
    boolean[] taken = new boolean[(int) rows.size(0)];
    int[] chosen = new int[Math.min(count, taken.length)];
    for (int k = 0; k < chosen.length; k++) {
      float[] gain = Tensors.toFloats(torch.mv(rows, mean.mul(new Scalar(k + 1.0)).sub(sum)));
      int best = -1;
      for (int row = 0; row < gain.length; row++) {
        if (!taken[row] && (best < 0 || gain[row] > gain[best])) {
          best = row;
        }
      }
      taken[best] = true;
      chosen[k] = best;
      sum.add_(rows.select(0, best));
    }
    return chosen;
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
