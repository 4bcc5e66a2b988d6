package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The mean of changes: {@code d = (1 / n) sum_i d_i}.
 *
 * <p>Source: Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference
 * time (arXiv 2203.05482). It takes no numbers. A model that does not act at a site counts as no change there.
 */
final class Average implements MergeMethod {

  @Override
  public String name() {
    return "average";
  }

  @Override
  public List<Setting> settings() {
    return List.of();
  }

  @Override
  public boolean ofDifferences() {
    return false;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return changes.mean(0);
  }
}
