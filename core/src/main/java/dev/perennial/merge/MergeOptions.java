package dev.perennial.merge;

import dev.perennial.UsageException;

/**
 * How a merged brick is laid out, and by which random numbers it is made.
 *
 * @param rank of the LoRA that it is cut to at every site, 1 to 1024; default 0: LoRA of the exact rank where that is at
 *     most the sum of the parents' ranks at every site, and else a full difference of weights
 * @param full whether it is a full difference of weights in any case; default false
 * @param seed of what is drawn; default 0
 */
public record MergeOptions(int rank, boolean full, long seed) {

  /** The exact rank, where it is low. */
  public static final MergeOptions DEFAULT = new MergeOptions(0, false, 0);

  /** Checks the ranges. */
  public MergeOptions {
    if (rank < 0 || rank > 1024) {
      throw new UsageException("expected a rank from 1 to 1024 for a merged brick, or 0 for the exact one, got " + rank);
    }
    if (full && rank > 0) {
      throw new UsageException("expected either a rank for a merged brick, or a full difference, got both: leave one away");
    }
  }
}
