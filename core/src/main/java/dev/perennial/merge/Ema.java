package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The exponential moving average of changes in the order of the recipe, oldest first:
 * {@code e_1 = d_1, e_i = decay e_(i-1) + (1 - decay) d_i}; the result is {@code e_n}.
 *
 * <p>Source: Boris Polyak and Anatoli Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM J. Control and
 * Optimization 1992. Decay from 0 to 1, default 0.9.
 */
final class Ema implements MergeMethod {

  private static final List<Setting> SETTINGS = List.of(new Setting("decay", false, 0.9, 0, 1));

  @Override
  public String name() {
    return "ema";
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
    double decay = numbers.one("decay");
    Tensor average = changes.get(0);
    for (int i = 1; i < changes.size(0); i++) {
      average = average.mul(new Scalar(decay)).add(changes.get(i).mul(new Scalar(1 - decay)));
    }
    return average;
  }
}
