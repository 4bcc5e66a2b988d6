package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The sum of changes of which the largest numbers are kept: {@code d = lambda sum_i w_i top_i(d_i)}, where {@code top_i}
 * leaves the share {@code density} of the largest magnitudes as they are and makes the others 0.
 *
 * <p>Source: Learning both Weights and Connections for Efficient Neural Networks (arXiv 1506.02626), on task vectors. Of
 * one model, it prunes.
 */
final class MagnitudePruning implements MergeMethod {

  private static final List<Setting> SETTINGS =
      List.of(Setting.WEIGHT, Setting.DENSITY, Setting.LAMBDA, Setting.normalize(false));

  @Override
  public String name() {
    return "magnitude_prune";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return TaskArithmetic.scaledSum(Ties.trim(changes, numbers.each(Setting.DENSITY)), numbers);
  }
}
