package dev.perennial.grow;

/**
 * How much of a resource is held, and the most that ever was.
 *
 * <p>A ledger counts what was paid for and gives nothing back. So only what exceeds all that was held before has to be
 * paid: what merging or pruning freed is taken again for nothing, and a fixed budget lasts for an endless stream.
 */
public final class Holdings {

  private long held;
  private long peak;

  /** Holding nothing, of nothing paid. */
  public Holdings() {}

  /** Holding what {@link #held} and {@link #peak} told. */
  public Holdings(long held, long peak) {
    if (held < 0 || held > peak) {
      throw new IllegalArgumentException("one cannot hold " + held + " of " + peak);
    }
    this.held = held;
    this.peak = peak;
  }

  /** What has to be paid before {@code amount} more can be held. */
  public long due(long amount) {
    return Math.max(0, held + amount - peak);
  }

  /** Holds so much more, of which {@link #due} was paid. */
  public void hold(long amount) {
    peak += due(amount);
    held += amount;
  }

  /** Holds so much less. */
  public void free(long amount) {
    if (amount < 0 || amount > held) {
      throw new IllegalArgumentException("one cannot free " + amount + " of " + held);
    }
    held -= amount;
  }

  /** What is held now. */
  public long held() {
    return held;
  }

  /** The most that was ever held. */
  public long peak() {
    return peak;
  }

  /** What was paid for and is not held. */
  public long spare() {
    return peak - held;
  }
}
