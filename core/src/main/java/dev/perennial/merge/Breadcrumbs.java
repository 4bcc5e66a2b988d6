package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The sum of changes without their largest and their smallest numbers.
 *
 * <p>Source: Model Breadcrumbs: Scaling Multi-Task Model Merging with Sparse Masks (arXiv 2312.06795). At each site, of
 * the n numbers of a change ordered by magnitude,
 *
 * <pre>
 *   the round(gamma n) largest are made 0, and of the others the smallest, until round(density n) are left;
 *   d = lambda sum_i w_i d_i'
 * </pre>
 *
 * Where gamma and density are more than 1 together, fewer of the largest are dropped. Gamma from 0 to 1, default 0.01.
 * {@code breadcrumbs_ties} merges where signs agree, as TIES does.
 */
final class Breadcrumbs implements MergeMethod {

  static final Breadcrumbs LINEAR = new Breadcrumbs("breadcrumbs", false);
  static final Breadcrumbs TIES = new Breadcrumbs("breadcrumbs_ties", true);

  private static final Setting GAMMA = new Setting("gamma", true, 0.01, 0, 1);
  private static final List<Setting> SETTINGS =
      List.of(Setting.WEIGHT, Setting.DENSITY, GAMMA, Setting.LAMBDA, Setting.normalize(false));

  private final String name;
  private final boolean elects;

  private Breadcrumbs(String name, boolean elects) {
    this.name = name;
    this.elects = elects;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    Tensor masked = changes.clone();
    long size = changes.size(1);
    for (int row = 0; row < changes.size(0); row++) {
      long keep = Math.round(numbers.each(Setting.DENSITY)[row] * size);
      long largest = Math.min(Math.round(numbers.each(GAMMA)[row] * size), size - keep);
      Tensor outliers = Ties.largest(changes.get(row), largest);
      Tensor small = Ties.largest(changes.get(row), largest + keep).logical_not();
      masked.get(row).masked_fill_(outliers.logical_or(small), new Scalar(0.0));
    }
    return elects ? Ties.elect(masked, numbers) : TaskArithmetic.scaledSum(masked, numbers);
  }
}
