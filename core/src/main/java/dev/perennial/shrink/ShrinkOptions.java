package dev.perennial.shrink;

import dev.perennial.UsageException;

/**
 * How weights are made smaller.
 *
 * @param method how; default bitstack
 * @param rank of the magnitudes of a block of bitstack, 1 to 256; default 4; each adds 16 bits for every row and
 *     column, and a small matrix has a lower one
 * @param blocks that a matrix has in bitstack's file, 1 to 64; default 6
 * @param focus bits that the grid of nested is best at, 1 to 8; default 4
 */
public record ShrinkOptions(Method method, int rank, int blocks, int focus) {

  /** How. */
  public enum Method {
    /** Blocks of signs and low-rank magnitudes that add up. */
    BITSTACK,
    /** Eight bits, of which any number of the top ones will do. */
    NESTED
  }

  /** Numbers that a matrix has at least for it to be made smaller. */
  static final int LEAST_NUMBERS = 32;

  /** BitStack. */
  public static final ShrinkOptions DEFAULT = of(Method.BITSTACK);

  /** Checks the ranges. */
  public ShrinkOptions {
    if (rank < 1 || rank > 256 || blocks < 1 || blocks > 64 || focus < 1 || focus > 8) {
      throw new UsageException("expected a rank of 1 to 256, 1 to 64 blocks and a focus of 1 to 8 bits, got " + rank + ", "
          + blocks + " and " + focus);
    }
  }

  /** A method with the other options as they are by default. */
  public static ShrinkOptions of(Method method) {
    return new ShrinkOptions(method, 4, 6, 4);
  }

  /** The method's name, as it is asked for and kept in lineage. */
  public String name() {
    return method == Method.BITSTACK ? BitStack.NAME : NestedBits.NAME;
  }
}
