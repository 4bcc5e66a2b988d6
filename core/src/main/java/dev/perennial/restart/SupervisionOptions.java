package dev.perennial.restart;

import dev.perennial.UsageException;

/**
 * How patient a supervisor is.
 *
 * @param restarts that follow each other without any progress, before it gives up; 1 or more, default 5
 * @param stuckSeconds of silence at least, before a learner is taken for stuck; above 0, default 60
 * @param rollbacks of a diverged run at most; 0 or more, default 3
 * @param quarantines at most; 0 or more, default 10
 * @param recall the share of failures that are foretold in time for a snapshot, 0 to below 1; default 0
 * @param backOff the pauses between restarts
 */
public record SupervisionOptions(
    int restarts, double stuckSeconds, int rollbacks, int quarantines, double recall, BackOff backOff) {

  /** Five restarts, a minute, three rollbacks, ten quarantines, nothing foretold. */
  public static final SupervisionOptions DEFAULT = new SupervisionOptions(5, 60, 3, 10, 0, BackOff.DEFAULT);

  /** Checks the ranges. */
  public SupervisionOptions {
    if (restarts < 1 || rollbacks < 0 || quarantines < 0) {
      throw new UsageException("expected 1 restart or more, and 0 rollbacks and quarantines or more, got " + restarts
          + ", " + rollbacks + " and " + quarantines);
    }
    if (!(stuckSeconds > 0) || stuckSeconds > 1e7) {
      throw new UsageException("expected seconds above 0 after which a learner is stuck, got " + stuckSeconds);
    }
    if (!(recall >= 0 && recall < 1)) {
      throw new UsageException("expected a recall from 0 to below 1, got " + recall);
    }
  }
}
