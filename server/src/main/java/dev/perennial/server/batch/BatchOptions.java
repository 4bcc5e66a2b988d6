package dev.perennial.server.batch;

import dev.perennial.UsageException;

/**
 * How predictions are put together.
 *
 * @param threads that compute, each a pass at a time; at least 1
 * @param mostRows rows of a pass at most; default 32
 * @param mostWaiting texts that may wait in all; default 4,096. A model may have a quarter of them waiting while others wait
 * @param target seconds that 99 of 100 predictions should take at most, by which passes are kept short; 0 for none
 */
public record BatchOptions(int threads, int mostRows, int mostWaiting, double target) {

  /** Checks the ranges. */
  public BatchOptions {
    if (threads < 1 || mostRows < 1 || mostWaiting < 4 || target < 0) {
      throw new UsageException("expected at least 1 thread, 1 row, room for 4 texts and a target of 0 or more, got "
          + threads + ", " + mostRows + ", " + mostWaiting + " and " + target);
    }
  }
}
