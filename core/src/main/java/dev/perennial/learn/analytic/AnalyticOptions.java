package dev.perennial.learn.analytic;

import dev.perennial.UsageException;

/**
 * How an analytic head is laid out.
 *
 * @param features random features, 8 to 65536; default 4096. Time grows with their square, memory too: 8 bytes x
 *     features² x 9/16
 * @param ridge regularisation as a share of the mean square of a feature, above 0; default 0.01
 */
public record AnalyticOptions(int features, double ridge) {

  /** Found on validation rows. */
  public static final AnalyticOptions DEFAULT = new AnalyticOptions(4096, 0.01);

  /** Checks the ranges. */
  public AnalyticOptions {
    if (features < 8 || features > 65536) {
      throw new UsageException("expected features between 8 and 65536, got " + features);
    }
    if (!(ridge > 0) || Double.isInfinite(ridge)) {
      throw new UsageException("expected a ridge above 0, got " + ridge);
    }
  }
}
