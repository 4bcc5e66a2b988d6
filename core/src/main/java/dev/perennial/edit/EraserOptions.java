package dev.perennial.edit;

import dev.perennial.UsageException;

/**
 * How a concept is erased.
 *
 * @param steps 1 to 100000; default 150
 * @param batch texts of a step, of the concept and to anchor by each, 1 to 4096; default 8
 * @param anchoring weight of anchoring, 0 or more; default 10
 * @param guidance how far beyond the surrogate the concept is moved, as a share of the way to it, 0 or more; default 0
 * @param distance power of the distance by which anchors are drawn, 0 or more; default 1
 * @param rate of AdamW, above 0 to 10; default 0.003
 * @param sites that the brick is on, as a regular expression; default all
 * @param permeable cosine to the concept's mean from which a text is let through the brick, -1 to 1; default 0.5
 * @param seed of everything drawn; default 1
 */
public record EraserOptions(int steps, int batch, double anchoring, double guidance, double distance, double rate,
    String sites, double permeable, long seed) {

  /** What was found to suit small encoders. */
  public static final EraserOptions DEFAULT = new EraserOptions(150, 8, 10, 0, 1, 3e-3, ".*", 0.5, 1);

  /** Checks the ranges. */
  public EraserOptions {
    require(steps >= 1 && steps <= 100_000, "steps between 1 and 100000", steps);
    require(batch >= 1 && batch <= 4096, "a batch between 1 and 4096", batch);
    require(anchoring >= 0 && anchoring < Double.POSITIVE_INFINITY, "an anchoring of 0 or more", anchoring);
    require(guidance >= 0 && guidance < Double.POSITIVE_INFINITY, "a guidance of 0 or more", guidance);
    require(distance >= 0 && distance < Double.POSITIVE_INFINITY, "a distance of 0 or more", distance);
    require(rate > 0 && rate <= 10, "a rate above 0 and at most 10", rate);
    require(permeable >= -1 && permeable <= 1, "a permeable between -1 and 1", permeable);
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + " for erasing, got " + value);
    }
  }
}
