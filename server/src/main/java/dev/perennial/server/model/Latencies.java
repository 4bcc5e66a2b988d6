package dev.perennial.server.model;

import java.util.Arrays;
import java.util.function.LongSupplier;

/** How long the last predictions took: a window of at most 1,024 of the last five seconds. Safe for many threads. */
public final class Latencies {

  private static final int MOST = 1024;
  private static final long WINDOW_NANOS = 5_000_000_000L;

  /** Fewer say nothing of the slowest in a hundred. */
  private static final int FEWEST = 20;

  private final LongSupplier nanos;
  private final long[] at = new long[MOST];
  private final long[] took = new long[MOST];
  private long count;

  /** An empty window, by that clock in nanoseconds. */
  public Latencies(LongSupplier nanos) {
    this.nanos = nanos;
  }

  /** A prediction took so long, from its arrival to its answer. */
  public synchronized void add(long tookNanos) {
    int slot = (int) (count % MOST);
    at[slot] = nanos.getAsLong();
    took[slot] = tookNanos;
    count++;
  }

  /** The 99th percentile in seconds; 0 where there were fewer than 20 predictions. */
  public double p99() {
    return percentile(0.99);
  }

  /** What half of the predictions took at most, in seconds; 0 where there were fewer than 20. */
  public double median() {
    return percentile(0.5);
  }

  private synchronized double percentile(double share) {
    long since = nanos.getAsLong() - WINDOW_NANOS;
    long[] recent = new long[(int) Math.min(count, MOST)];
    int found = 0;
    for (int slot = 0; slot < recent.length; slot++) {
      if (at[slot] >= since) {
        recent[found++] = took[slot];
      }
    }
    if (found < FEWEST) {
      return 0;
    }
    Arrays.sort(recent, 0, found);
    return recent[(int) Math.ceil(share * found) - 1] / 1e9;
  }
}
