package dev.perennial.learn.regularisation;

import static org.bytedeco.pytorch.global.torch.ScalarType;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * The smallest set that holds a normal's parameters with probability p is where its density is highest:
 *   sum_i ((w_i - m_i) / s_i)² <= c,   c the p-quantile of the chi-square distribution of as many degrees as parameters
 */
/**
 * The highest-density region of a normal distribution.
 *
 * @param normal the distribution
 * @param squaredRadius how far it reaches, in squared deviations
 */
record DensityRegion(CredalSet.Normal normal, double squaredRadius) {

  /** The region of that probability, above 0 and below 1. */
  static DensityRegion of(CredalSet.Normal normal, double probability) {
    return new DensityRegion(normal, chiSquareQuantile(normal.means().numel(), probability));
  }

  /** Whether it holds these parameters. */
  boolean holds(Tensor parameters) {
    Tensor away = parameters.sub(normal.means()).div_(normal.deviations());
    return away.to(ScalarType.Double).square_().sum().item_double() <= squaredRadius;
  }

  /** Parameters drawn from the distribution within the region. */
  Tensor draw(CounterRandom random) {
    for (long attempt = 0; ; attempt++) {
      Tensor drawn = normal.means().addcmul(
          normal.deviations(), Tensors.gaussians(random, attempt, normal.means().numel()), new Scalar(1));
      if (holds(drawn)) {
        return drawn;
      }
    }
  }

  /** Where the chi-square distribution function, the regularised gamma function P(degrees / 2, x / 2), is {@code p}. */
  static double chiSquareQuantile(long degrees, double p) {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor half = Tensors.doubles(new double[] {degrees / 2.0}, 1);
      double low = 0;
      double high = degrees + 1;
      while (distribution(half, high) < p) {
        high *= 2;
      }
      while (high - low > 1e-12 * high) {
        double middle = (low + high) / 2;
        if (distribution(half, middle) < p) {
          low = middle;
        } else {
          high = middle;
        }
      }
      return (low + high) / 2;
    }
  }

  private static double distribution(Tensor half, double x) {
    try (TensorScope scope = TensorScope.inference()) {
      return torch.igamma(half, Tensors.doubles(new double[] {x / 2}, 1)).item_double();
    }
  }
}
