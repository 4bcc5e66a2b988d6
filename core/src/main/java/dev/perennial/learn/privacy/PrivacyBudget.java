package dev.perennial.learn.privacy;

import dev.perennial.UsageException;

/*
 * Concentrated Differential Privacy: Simplifications, Extensions, and Lower Bounds (arXiv 1605.02065): what is
 * rho-zCDP is also (epsilon, delta)-DP for every delta, with
 *
 *   epsilon = rho + 2 sqrt(rho ln(1/delta))      so   rho = (sqrt(epsilon + ln(1/delta)) - sqrt(ln(1/delta)))²
 *
 * The Discrete Gaussian for Differential Privacy (arXiv 2004.00010): adding independent discrete Gaussians of parameter
 * sigma to whole numbers that one row changes by a vector of length s is s² / (2 sigma²)-zCDP. Budgets of several
 * releases, each chosen after the ones before, add up.
 */
/**
 * How much may become known of one row: (epsilon, delta)-differential privacy.
 *
 * @param epsilon above 0 and at most 1e6; 1 is strong, 10 weak, and above that hardly anything is hidden
 * @param delta the probability with which epsilon may be exceeded, above 0 and below 1: far below one in the number of
 *     rows
 */
public record PrivacyBudget(double epsilon, double delta) {

  /** A usual choice: epsilon 3, delta 1e-6. */
  public static final PrivacyBudget DEFAULT = new PrivacyBudget(3, 1e-6);

  /** Checks the ranges. */
  public PrivacyBudget {
    if (!(epsilon > 0) || epsilon > 1e6) {
      throw new UsageException("expected an epsilon above 0 and at most 1000000, got " + epsilon);
    }
    if (!(delta > 0) || !(delta < 1)) {
      throw new UsageException("expected a delta above 0 and below 1, got " + delta);
    }
  }

  /** The same as zero-concentrated differential privacy: the largest rho that implies it by the formula above. */
  public double rho() {
    double confidence = -Math.log(delta);
    double root = epsilon / (Math.sqrt(epsilon + confidence) + Math.sqrt(confidence));
    return root * root;
  }

  /** The epsilon that rho-zCDP implies at a delta. */
  static double epsilon(double rho, double delta) {
    return rho + 2 * Math.sqrt(rho * -Math.log(delta));
  }

  /**
   * The parameter of the discrete Gaussians that spend this budget.
   *
   * @param releases how many noisy sums one row goes into
   * @param sensitivity the length of the vector that one row adds to each of them
   */
  double sigma(int releases, double sensitivity) {
    return sensitivity * Math.sqrt(releases / (2 * rho()));
  }
}
