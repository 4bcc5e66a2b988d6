package dev.perennial.learn.privacy;

import dev.perennial.tensor.CounterRandom;

/*
 * The Discrete Gaussian for Differential Privacy (arXiv 2004.00010), algorithm 3: with t = floor(sigma) + 1,
 *
 *   y from the discrete Laplace, P(y) ~ exp(-|y| / t)
 *   keep y with probability exp(-(|y| - sigma²/t)² / (2 sigma²)), else draw again
 *
 * gives P(y) ~ exp(-y² / (2 sigma²)) on the whole numbers. |y| is floor(t E) for E exponential, with a random sign, and
 * -0 drawn again. Whole numbers matter: the low bits of a rounded real Gaussian tell what it was added to.
 * Probabilities are rounded to 53 bits; what that costs is far below any delta in use.
 */
/** Whole numbers of a normal distribution's shape, with mean 0. */
final class DiscreteGaussian {

  /** Random numbers of an attempt. */
  private static final int DRAWS = 3;

  private final double sigma;
  private final double scale;

  /** The variance is sigma² to nine digits from sigma = 1 on, and less below it. */
  DiscreteGaussian(double sigma) {
    this.sigma = sigma;
    this.scale = Math.floor(sigma) + 1;
  }

  /**
   * Independent draws.
   *
   * @param random used for this alone
   */
  long[] draw(int count, CounterRandom random) {
    long[] drawn = new long[count];
    for (int i = 0; i < count; i++) {
      drawn[i] = draw(i, count, random);
    }
    return drawn;
  }

  private long draw(int place, int count, CounterRandom random) {
    for (long attempt = 0; ; attempt++) {
      long index = (attempt * count + place) * DRAWS;
      double magnitude = Math.floor(-scale * StrictMath.log1p(-random.uniform(index)));
      boolean negative = random.at(index + 1) < 0;
      if (negative && magnitude == 0) {
        continue;
      }
      double off = (magnitude - sigma * sigma / scale) / sigma;
      if (random.uniform(index + 2) < StrictMath.exp(-off * off / 2)) {
        return (long) (negative ? -magnitude : magnitude);
      }
    }
  }
}
