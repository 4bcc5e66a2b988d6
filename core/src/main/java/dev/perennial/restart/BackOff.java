package dev.perennial.restart;

import dev.perennial.UsageException;

/**
 * How long to wait before a restart: twice as long each time that the one before came no further, from the beginning
 * again as soon as one did. So a learner that cannot start does not keep the machine busy, and one that fails now and
 * then is back at once.
 *
 * @param first seconds before the first restart, 0 or more; default 1
 * @param most seconds at most; default 300
 */
public record BackOff(double first, double most) {

  /** One second, then two, then four, up to five minutes. */
  public static final BackOff DEFAULT = new BackOff(1, 300);

  /** Checks the range. */
  public BackOff {
    if (!(first >= 0) || !(most >= first)) {
      throw new UsageException("expected a first pause of 0 seconds or more and a longest of no less, got " + first
          + " and " + most);
    }
  }

  /** Seconds to wait before the {@code restart}th restart in a row that follows no progress, from 1. */
  public double seconds(int restart) {
    return Math.min(most, first * Math.pow(2, restart - 1));
  }
}
