package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trim, elect sign, and merge.
 *
 * <p>Source: TIES-Merging: Resolving Interference When Merging Models (arXiv 2306.01708). Of each change the share
 * {@code density} of the largest magnitudes is kept, of equal ones those that come first; then at each number
 *
 * <pre>
 *   s = sign(sum_i w_i d_i)
 *   d = lambda sum over {i : sign(w_i d_i) = s} of w_i d_i / sum over the same of w_i
 * </pre>
 *
 * and 0 where s is 0. With {@code normalize} 0 (default 1) it is not divided. With weights of 1 this is the paper's; shares
 * are of each site's numbers, as mergekit takes them.
 */
final class Ties implements MergeMethod {

  static final List<Setting> SETTINGS =
      List.of(Setting.WEIGHT, Setting.DENSITY, Setting.LAMBDA, Setting.normalize(true));

  @Override
  public String name() {
    return "ties";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return elect(trim(changes, numbers.each(Setting.DENSITY)), numbers);
  }

  /** Each row with the given share of its largest magnitudes, and 0 elsewhere. */
  static Tensor trim(Tensor rows, double[] densities) {
    Tensor kept = rows.clone();
    for (int row = 0; row < densities.length; row++) {
      Tensor largest = largest(rows.get(row), Math.round(densities[row] * rows.size(1)));
      kept.get(row).masked_fill_(largest.logical_not(), new Scalar(0.0));
    }
    return kept;
  }

  /** Where a vector's so many largest magnitudes are, of equal ones the first. O(numbers). */
  static Tensor largest(Tensor vector, long count) {
    Tensor magnitudes = vector.abs();
    if (count <= 0) {
      return torch.zeros_like(magnitudes).to(torch.ScalarType.Bool);
    }
    Tensor smallest = magnitudes.kthvalue(vector.size(0) - count + 1).get0();
    Tensor above = magnitudes.gt(smallest);
    Tensor equal = magnitudes.eq(smallest);
    long missing = count - above.sum().item_long();
    return above.logical_or(equal.logical_and(equal.cumsum(0).le(new Scalar((double) missing))));
  }

  /** What is left of changes after trimming, merged where signs agree with the elected ones. */
  static Tensor elect(Tensor changes, Numbers numbers) {
    double[] weights = numbers.each(Setting.WEIGHT);
    Tensor column = Tensors.doubles(weights, weights.length, 1);
    Tensor weighted = changes.mul(column);
    Tensor elected = weighted.sum(0).sign();
    Tensor agree = weighted.sign().eq(elected).mul(elected.ne(new Scalar(0)))
        .to(torch.ScalarType.Double);
    Tensor sum = weighted.mul(agree).sum(0).mul(new Scalar(numbers.one("lambda")));
    if (numbers.one("normalize") == 0) {
      return sum;
    }
    Tensor total = agree.mul(column).sum(0);
    return sum.div(total.masked_fill(total.abs().lt(new Scalar(1e-8)), new Scalar(1.0)));
  }
}
