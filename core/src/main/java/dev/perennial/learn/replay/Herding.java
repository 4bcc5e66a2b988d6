package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.learn.Objective;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * iCaRL (arXiv 1611.07725), algorithm 4, on features f of length 1 whose mean is m:
 *   p_k = argmin over the rows not chosen yet of | m - (f(p_1) + ... + f(p_k-1) + f) / k |
 * Written out, |k m - s - f|² = |k m - s|² - 2 f·(k m - s) + |f|², where s is the sum of those chosen. So with |f| = 1,
 * p_k is the row of the largest f·(k m - s): one product of a matrix and a vector a choice.
 */
/** The choice of the rows whose mean feature is nearest to the mean of all, the most telling ones first. */
public final class Herding {

  private Herding() {}

  /** The first {@code count} choices of {@code features}, {@code [rows, width]}. O(count * rows * width). */
  public static List<Integer> choices(Tensor features, int count) {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor unit = torch.normalize(features.to(torch.ScalarType.Double));
      int rows = (int) unit.size(0);
      double[] towards = Tensors.toDoubles(torch.mv(unit, unit.mean(0)));
      double[] chosen = new double[rows];
      boolean[] taken = new boolean[rows];
      var choices = new ArrayList<Integer>();
      for (int k = 1; k <= Math.min(count, rows); k++) {
        int best = -1;
        double most = Double.NEGATIVE_INFINITY;
        for (int row = 0; row < rows; row++) {
          double score = k * towards[row] - chosen[row];
          if (!taken[row] && (best < 0 || score > most)) {
            best = row;
            most = score;
          }
        }
        taken[best] = true;
        choices.add(best);
        try (TensorScope step = TensorScope.inference()) {
          double[] nearness = Tensors.toDoubles(torch.mv(unit, unit.select(0, best)));
          for (int row = 0; row < rows; row++) {
            chosen[row] += nearness[row];
          }
        }
      }
      return choices;
    }
  }

  /**
   * Gives each class an even share of the memory: those that arrived choose anew among what they had and what came,
   * the others drop what they chose last. What is left over by even shares goes to the first classes.
   */
  static void update(Memory memory, List<Example> arrived, Objective.Model model) {
    var candidates = new TreeMap<String, List<Sample>>();
    memory.samples().forEach(sample -> candidates.computeIfAbsent(sample.label(), l -> new ArrayList<>()).add(sample));
    var grown = new TreeMap<String, List<Sample>>();
    for (Example example : arrived) {
      var own = candidates.computeIfAbsent(example.label(), label -> new ArrayList<>());
      own.add(Sample.of(example));
      grown.put(example.label(), own);
    }
    int share = memory.capacity() / candidates.size();
    int left = memory.capacity() % candidates.size();
    var kept = new ArrayList<Sample>();
    for (var entry : candidates.entrySet()) {
      List<Sample> own = entry.getValue();
      int count = Math.min(own.size(), left-- > 0 ? share + 1 : share);
      if (grown.containsKey(entry.getKey())) {
        Tensor features = model.features(own.stream().map(sample -> sample.example().input()).toList());
        choices(features, count).forEach(choice -> kept.add(own.get(choice)));
      } else {
        kept.addAll(own.subList(0, count));
      }
    }
    memory.keepOnly(kept);
  }
}
