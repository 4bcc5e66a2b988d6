package dev.perennial.server.page;

import java.util.Arrays;

/** How much was done in each of the last seconds. Not safe for several threads at once. */
final class Rates {

  /** Seconds that are kept. */
  static final int SECONDS = 120;

  private final long[] counts = new long[SECONDS];
  private long newest = Long.MIN_VALUE;

  /** So many were done in a second, which is counted from any moment on. */
  void add(int many, long second) {
    reach(second);
    counts[slot(newest)] += many;
  }

  /** What was done in each second before this one, the oldest first. */
  long[] before(long second) {
    reach(second);
    long[] series = new long[SECONDS - 1];
    for (int i = 0; i < series.length; i++) {
      series[i] = counts[slot(newest - series.length + i)];
    }
    return series;
  }

  /** The mean over the last ten seconds before this one. */
  double mean(long second) {
    long[] series = before(second);
    return Arrays.stream(series, series.length - 10, series.length).sum() / 10.0;
  }

  /** Clocks may go back: what comes then counts for the newest second. */
  private void reach(long second) {
    if (newest == Long.MIN_VALUE || second - newest >= SECONDS) {
      Arrays.fill(counts, 0);
      newest = second;
    }
    while (newest < second) {
      counts[slot(++newest)] = 0;
    }
  }

  private static int slot(long second) {
    return (int) Math.floorMod(second, (long) SECONDS);
  }
}
