package dev.perennial.server.page;

import java.util.Arrays;

/** How long the last 256 of something took. Not safe for several threads at once. */
final class Durations {

  private static final int MOST = 256;

  private final long[] nanos = new long[MOST];
  private long count;

  void add(long took) {
    nanos[(int) (count++ % MOST)] = took;
  }

  /** What that share of them took at most, in seconds; 0 before any. */
  double percentile(double share) {
    long[] sorted = Arrays.copyOf(nanos, (int) Math.min(count, MOST));
    Arrays.sort(sorted);
    return sorted.length == 0 ? 0 : sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)] / 1e9;
  }
}
