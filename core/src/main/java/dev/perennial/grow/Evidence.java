package dev.perennial.grow;

/**
 * How new an experience is to the bricks that are held: one number of a signal, and what it is held against.
 *
 * @param signal its name in words, such as {@code reconstruction error}
 * @param value the larger, the newer; finite
 * @param update up to which a brick serves as it is; at most {@code add}
 * @param add up to which a brick learns on; above it a new one is wanted
 * @param nearest the number of the brick that knows the experience best, from 0
 */
public record Evidence(String signal, double value, double update, double add, int nearest) {

  /** Checks the ranges. */
  public Evidence {
    if (!Double.isFinite(value) || !(update <= add) || nearest < 0) {
      throw new IllegalArgumentException(
          signal + " of " + value + " between " + update + " and " + add + " for brick " + nearest + " is no evidence");
    }
  }

  /** What it speaks for, where there is room. */
  public Decision wish() {
    if (value <= update) {
      return Decision.REUSE;
    }
    return value <= add ? Decision.UPDATE : Decision.ADD;
  }
}
