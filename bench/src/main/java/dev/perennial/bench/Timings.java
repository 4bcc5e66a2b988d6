package dev.perennial.bench;

import java.util.Collections;
import java.util.List;

/**
 * How long the same work took each time it was done.
 *
 * @param seconds one or more, in the order in which they were measured
 */
record Timings(List<Double> seconds) {

  /** Copies the list. */
  Timings {
    seconds = List.copyOf(seconds);
    if (seconds.isEmpty()) {
      throw new IllegalArgumentException("work that was never done has no timings");
    }
  }

  /** The middle one; the mean of the two in the middle where their number is even. */
  double median() {
    List<Double> sorted = seconds.stream().sorted().toList();
    int middle = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
  }

  /** The shortest one. */
  double best() {
    return Collections.min(seconds);
  }
}
