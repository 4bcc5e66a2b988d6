package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;

/**
 * A random sample of an experience's rows, without any row twice.
 *
 * @param seed of the run
 * @param use what the random numbers are for
 * @param rows how many at most
 */
record RowSample(long seed, long use, int rows) {

  /** Checks an option that says how many. */
  static void require(String option, int rows) {
    if (rows < 1 || rows > 1_000_000) {
      throw new UsageException("expected " + option + " between 1 and 1000000, got " + rows);
    }
  }

  /** How many of an experience. */
  long count(Experience experience) {
    return Math.min(rows, experience.train().size());
  }

  /** One of them. O(rows of the experience). */
  Example row(Experience experience, long index) {
    int[] order = CounterRandom.of(seed, use, experience.index()).permutation(experience.train().size());
    return experience.train().get(order[(int) index]);
  }
}
