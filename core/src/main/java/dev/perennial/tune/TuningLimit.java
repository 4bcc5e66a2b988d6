package dev.perennial.tune;

import dev.perennial.UsageException;
import org.jspecify.annotations.Nullable;

/**
 * When tuning ends, if not by itself.
 *
 * @param seconds that trials may take together, wall clock, above 0; null for no limit. A trial that would take too
 *     long is stopped, so that it is kept to but for the reading of the data and the evaluation of the last trial
 * @param runs trials at most, 1 or more; null for no limit. With it and without seconds the outcome depends on nothing
 *     but the spec
 */
public record TuningLimit(@Nullable Double seconds, @Nullable Integer runs) {

  /** No limit: every round is held. */
  public static final TuningLimit NONE = new TuningLimit(null, null);

  /** Checks the ranges. */
  public TuningLimit {
    if (seconds != null && (!(seconds > 0) || seconds.isInfinite())) {
      throw new UsageException("expected a budget of seconds above 0 for tuning, got " + seconds);
    }
    if (runs != null && runs < 1) {
      throw new UsageException("expected at least 1 run for tuning, got " + runs);
    }
  }

  /** So many seconds. */
  public static TuningLimit ofSeconds(double seconds) {
    return new TuningLimit(seconds, null);
  }

  /** So many trials. */
  public static TuningLimit ofRuns(int runs) {
    return new TuningLimit(null, runs);
  }

  /** The seconds that are left when so many were spent, 0 or more; infinite without a limit. */
  double secondsLeft(double spent) {
    return seconds == null ? Double.POSITIVE_INFINITY : Math.max(0, seconds - spent);
  }

  /** The trials that are left when so many were made, 0 or more. */
  long runsLeft(long made) {
    return runs == null ? Long.MAX_VALUE : Math.max(0, runs - made);
  }
}
