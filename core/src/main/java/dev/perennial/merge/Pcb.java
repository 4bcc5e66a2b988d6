package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The mean of changes by how much each of their numbers matters to its model and agrees with the other models.
 *
 * <p>Source: Parameter Competition Balancing for Model Merging (arXiv 2410.02396). With T the n changes as rows, whole
 * bricks each, C the same with magnitudes cut to their own quantiles {@code [0.0001, 0.9999]}, and norm scaling a row to
 * {@code [0, 1]},
 *
 * <pre>
 *   intra = exp(n norm(|C|)^2)          what matters within a model
 *   inter = tanh(T sum_j T_j)           what agrees with the others
 *   b = norm(max(intra inter, the (1 - ratio) quantile of the row))
 *   d = lambda sum_i b_i C_i / sum_i b_i
 * </pre>
 *
 * The share {@code ratio} of the numbers of each model counts, default 0.1; lambda default 1. A row whose numbers are all
 * equal is scaled to 0.
 */
final class Pcb implements MergeMethod {

  private static final double OUTLIERS = 1e-4;
  private static final List<Setting> SETTINGS = List.of(new Setting("ratio", false, 0.1, 0, 1), Setting.LAMBDA);

  @Override
  public String name() {
    return "pcb";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public boolean whole() {
    return true;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    long models = changes.size(0);
    Tensor magnitudes = clamped(changes.abs(), OUTLIERS, OUTLIERS);
    Tensor intra = normalised(magnitudes).square().mul(new Scalar((double) models)).exp();
    Tensor score = changes.mul(changes.sum(0)).tanh().mul(intra);
    Tensor balance = normalised(clamped(score, 1 - numbers.one("ratio"), 0));
    Tensor total = balance.sum(0).clamp_min(new Scalar(1e-12));
    return changes.sign().mul(magnitudes).mul(balance).sum(0).div(total).mul(new Scalar(numbers.one("lambda")));
  }

  /** Each row cut to its own quantiles: the smallest share raised, the largest lowered. */
  private static Tensor clamped(Tensor rows, double smallest, double largest) {
    long size = rows.size(1);
    long low = Math.min(size - 1, (long) (size * smallest));
    long high = Math.clamp((long) (size * (1 - largest)) - 1, 0, size - 1);
    return torch.clamp(rows, new TensorOptional(rows.kthvalue(low + 1, 1, true).get0()),
        new TensorOptional(rows.kthvalue(high + 1, 1, true).get0()));
  }

  private static Tensor normalised(Tensor rows) {
    Tensor lowest = rows.amin(new long[] {1}, true);
    Tensor span = rows.amax(new long[] {1}, true).sub(lowest);
    return rows.sub(lowest).div(span.masked_fill(span.eq(new Scalar(0.0)), new Scalar(1.0)));
  }
}
