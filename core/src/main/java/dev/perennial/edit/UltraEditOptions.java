package dev.perennial.edit;

import dev.perennial.UsageException;

/**
 * How closed-form edits are made.
 *
 * @param turn edits that are solved for together, 1 to 10000; default 100
 * @param margin by how much the logit of the label that a text must get leads all others once its own edit is made, 0 or
 *     more; default 3; 0 to take steps of {@code rate} instead, as the paper does
 * @param rate length of an edit's step where there is no margin, above 0; default 0.001
 * @param ridge how much keys are drawn to 0, above 0; default 1
 * @param keys random waves that a text is looked up by, 1 to 65536; default 16384
 * @param bandwidth how far an edit reaches: what it does to a text of cosine c to its own falls by
 *     {@code exp(-(1 - c) / bandwidth²)}; above 0; default 0.1
 * @param keySeed of the waves; default 0
 * @param recall share of the mean size of an edit's step that the edits must add to a text to count there, 0 to below 1;
 *     default 0.5; 0 for always
 */
public record UltraEditOptions(
    int turn, double margin, double rate, double ridge, int keys, double bandwidth, long keySeed, double recall) {

  /** What was found to hold ten thousand edits on small encoders. */
  public static final UltraEditOptions DEFAULT = new UltraEditOptions(100, 3, 1e-3, 1, 16384, 0.1, 0, 0.5);

  /** Checks the ranges. */
  public UltraEditOptions {
    require(turn >= 1 && turn <= 10_000, "a turn between 1 and 10000", turn);
    require(margin >= 0 && margin < Double.POSITIVE_INFINITY, "a margin of 0 or more", margin);
    require(rate > 0 && rate < Double.POSITIVE_INFINITY, "a rate above 0", rate);
    require(ridge > 0 && ridge < Double.POSITIVE_INFINITY, "a ridge above 0", ridge);
    require(keys >= 1 && keys <= 65_536, "keys between 1 and 65536", keys);
    require(bandwidth > 0 && bandwidth < Double.POSITIVE_INFINITY, "a bandwidth above 0", bandwidth);
    require(recall >= 0 && recall < 1, "a recall from 0 to below 1", recall);
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + " for edits, got " + value);
    }
  }
}
