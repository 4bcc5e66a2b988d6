package dev.perennial.edit;

import dev.perennial.UsageException;

/**
 * How a sliced repair is made.
 *
 * @param steps at most, 1 to 100000; default 60; it ends before where every edit holds
 * @param batch edits of a step, 1 to 4096; default 16
 * @param slice share of the blocks that are repaired at a step, above 0 to 1; default 0.2
 * @param keep weight of staying what it was on the texts to keep, 0 or more; default 1
 * @param rate of AdamW, above 0 to 10; default 0.0005
 * @param sites that may be repaired, as a regular expression; default all
 * @param seed of the order; default 1
 */
public record SliceRepairOptions(
    int steps, int batch, double slice, double keep, double rate, String sites, long seed) {

  /** A fifth of the blocks at a time. */
  public static final SliceRepairOptions DEFAULT = new SliceRepairOptions(60, 16, 0.2, 1, 5e-4, ".*", 1);

  /** Checks the ranges. */
  public SliceRepairOptions {
    require(steps >= 1 && steps <= 100_000, "steps between 1 and 100000", steps);
    require(batch >= 1 && batch <= 4096, "a batch between 1 and 4096", batch);
    require(slice > 0 && slice <= 1, "a slice above 0 to 1", slice);
    require(keep >= 0 && keep < Double.POSITIVE_INFINITY, "a keep of 0 or more", keep);
    require(rate > 0 && rate <= 10, "a rate above 0 and at most 10", rate);
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + " for a repair, got " + value);
    }
  }
}
