package dev.perennial.open;

import dev.perennial.UsageException;

/**
 * How a learner tells inputs of no known class apart.
 *
 * @param keep share of the inputs of known classes that is to be taken for such, above 0 and below 1; default 0.95
 * @param heldBack share of the rows of a class that is learned after the threshold and the temperature were set by them,
 *     above 0 and at most 0.5; default 0.2
 */
public record OpenOptions(double keep, double heldBack) {

  /** What suits classes of a hundred rows. */
  public static final OpenOptions DEFAULT = new OpenOptions(0.95, 0.2);

  /** Checks the ranges. */
  public OpenOptions {
    if (!(keep > 0 && keep < 1)) {
      throw new UsageException("expected a share of known inputs to keep above 0 and below 1, such as 0.95, got " + keep);
    }
    if (!(heldBack > 0 && heldBack <= 0.5)) {
      throw new UsageException("expected heldBack above 0 and at most 0.5, got " + heldBack);
    }
  }

  /** The same, keeping another share. */
  public OpenOptions withKeep(double share) {
    return new OpenOptions(share, heldBack);
  }
}
