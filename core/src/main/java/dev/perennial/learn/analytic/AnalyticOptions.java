package dev.perennial.learn.analytic;

import dev.perennial.UsageException;
import dev.perennial.learn.SearchSpace;

/**
 * How an analytic head is laid out.
 *
 * @param features random features, 8 to 65536; default 8192. Time grows with their square, memory too: 8 bytes x
 *     features² x 9/16
 * @param levels how many of the last blocks' features are used, 1 to 64, and all where the backbone has fewer; default 3
 * @param ridge regularisation as a share of the mean square of a feature, above 0; default 0.03
 */
public record AnalyticOptions(int features, int levels, double ridge) {

  /** Found on validation rows. */
  public static final AnalyticOptions DEFAULT = new AnalyticOptions(8192, 3, 0.03);

  /** From quick heads to large ones, and ridges around the default; solving takes time with the cube of features. */
  static final SearchSpace SEARCH_SPACE = SearchSpace.of("features", "1024", "4096", "8192")
      .and("ridge", "0.01", "0.03", "0.1").startingAt("features", "1024");

  /** Checks the ranges. */
  public AnalyticOptions {
    if (features < 8 || features > 65536) {
      throw new UsageException("expected features between 8 and 65536, got " + features);
    }
    if (levels < 1 || levels > 64) {
      throw new UsageException("expected levels between 1 and 64, got " + levels);
    }
    if (!(ridge > 0) || Double.isInfinite(ridge)) {
      throw new UsageException("expected a ridge above 0, got " + ridge);
    }
  }
}
