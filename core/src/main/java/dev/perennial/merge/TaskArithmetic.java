package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The sum of task vectors: {@code d = lambda sum_i w_i d_i}; a negative weight takes away what a model has learned.
 *
 * <p>Source: Editing Models with Task Arithmetic (arXiv 2212.04089). With {@code normalize} 1 the weights are divided by
 * their sum; default 0.
 */
final class TaskArithmetic implements MergeMethod {

  private static final List<Setting> SETTINGS = List.of(Setting.WEIGHT, Setting.LAMBDA, Setting.normalize(false));

  @Override
  public String name() {
    return "task_arithmetic";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return scaledSum(changes, numbers);
  }

  /** {@code lambda sum_i w_i v_i}, by the settings that task arithmetic has. */
  static Tensor scaledSum(Tensor vectors, Numbers numbers) {
    return sum(vectors, numbers.each(Setting.WEIGHT), numbers.one("normalize") != 0)
        .mul(new Scalar(numbers.one("lambda")));
  }

  /**
   * {@code sum_i w_i v_i}, divided by the sum of the weights where that is asked for.
   *
   * @throws UsageException if the weights would be divided by 0
   */
  static Tensor sum(Tensor vectors, double[] weights, boolean normalise) {
    double total = Arrays.stream(weights).sum();
    if (normalise && Math.abs(total) < 1e-8) {
      throw new UsageException("expected weights whose sum is not 0, as they are divided by it, got "
          + Arrays.toString(weights) + ": choose others, or normalize: false");
    }
    Tensor sum = torch.mv(vectors.t(), Tensors.doubles(weights, weights.length));
    return normalise ? sum.div(new Scalar(total)) : sum;
  }
}
