package dev.perennial.snapshot;

import dev.perennial.UsageException;

/**
 * How often and how snapshots are taken. It changes nothing of what is learned.
 *
 * @param durability whether learning waits for each to be durable; by default it does
 * @param every steps from one snapshot within an experience to the next; 0, the default, for one every ten seconds, or
 *     twenty times as long as one takes, if that is more. There is always one after an experience that is evaluated
 * @param mostBehind steps that learning may be ahead of what is durable: where it is so far, it waits. At least 1; by
 *     default 10,000
 * @param bytesPerSecond how fast snapshots are written at most; infinite, the default, for no limit
 */
public record SnapshotOptions(Durability durability, long every, long mostBehind, double bytesPerSecond) {

  /** Each snapshot is durable before learning goes on. */
  public static final SnapshotOptions DEFAULT =
      new SnapshotOptions(Durability.SYNC, 0, 10_000, Double.POSITIVE_INFINITY);

  /**
   * Checks the ranges.
   *
   * @throws UsageException if a number is out of range
   */
  public SnapshotOptions {
    if (every < 0) {
      throw new UsageException("expected --snapshot-every of at least 1 step, or 0 to go by time, got " + every);
    }
    if (mostBehind < 1) {
      throw new UsageException("expected --most-behind of at least 1 step, got " + mostBehind);
    }
    if (!(bytesPerSecond > 0)) {
      throw new UsageException("expected a --snapshot-rate above 0, got " + bytesPerSecond);
    }
  }
}
