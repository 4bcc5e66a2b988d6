package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The weighted mean of changes: {@code d = sum_i w_i d_i / sum_i w_i}, or without the division where {@code normalize} is
 * 0.
 *
 * <p>Source: Model soups (arXiv 2203.05482), as mergekit's {@code linear}.
 */
final class Linear implements MergeMethod {

  private static final List<Setting> SETTINGS = List.of(Setting.WEIGHT, Setting.normalize(true));

  @Override
  public String name() {
    return "linear";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public boolean ofDifferences() {
    return false;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return TaskArithmetic.sum(changes, numbers.each(Setting.WEIGHT), numbers.one("normalize") != 0);
  }
}
