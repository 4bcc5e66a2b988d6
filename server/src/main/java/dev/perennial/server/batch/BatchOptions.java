package dev.perennial.server.batch;

import dev.perennial.UsageException;

/**
 * How predictions are put together.
 *
 * @param threads that compute, each a pass at a time; at least 1
 * @param mostTokens of a pass at most, but for a text that is longer alone; default 128, above which a pass is not faster a
 *     token and keeps others waiting
 * @param mostWaiting texts that may wait in all; default 4,096. A model may have a quarter of them waiting while others wait
 * @param target seconds that 99 of 100 predictions should take at most, by which passes are kept short; 0 for none
 */
public record BatchOptions(int threads, int mostTokens, int mostWaiting, double target) {

  /** Checks the ranges. */
  public BatchOptions {
    if (threads < 1 || mostTokens < 1 || mostWaiting < 4 || target < 0) {
      throw new UsageException("expected at least 1 thread, 1 token, room for 4 texts and a target of 0 or more, got "
          + threads + ", " + mostTokens + ", " + mostWaiting + " and " + target);
    }
  }
}
