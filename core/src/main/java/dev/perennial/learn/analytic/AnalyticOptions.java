package dev.perennial.learn.analytic;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.RandomProjection;
import dev.perennial.learn.SearchSpace;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Workers;

/**
 * How an analytic head is laid out.
 *
 * @param features random features, 8 to 65536; default 8192. Time grows with their square, memory too: 8 bytes x
 *     features² x 9/16
 * @param levels how many of the last blocks' features are used, 1 to 64, and all where the backbone has fewer; default 3
 * @param ridge regularisation as a share of the mean square of a feature, above 0; default 0.03
 */
public record AnalyticOptions(int features, int levels, double ridge) {

  /** What the random numbers of the projection are drawn for. */
  static final long PROJECTION = 31;

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

  /** How many of the last blocks' features a head with these options sees of a backbone. */
  public int levelsOf(Backbone backbone) {
    return Math.min(levels, backbone.blocks());
  }

  /**
   * The random layer between a backbone's last blocks and a head with these options: the same for the same seed, whoever
   * learns or predicts. O(levels * width * features).
   */
  public RandomProjection projection(Backbone backbone, long seed, Workers workers) {
    return new RandomProjection(
        levelsOf(backbone), backbone.width(), features, CounterRandom.of(seed, PROJECTION), workers);
  }
}
