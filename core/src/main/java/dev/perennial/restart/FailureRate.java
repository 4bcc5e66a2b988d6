package dev.perennial.restart;

/**
 * How often learning fails, from what was seen and a belief held before: failures of a Poisson process whose rate has a
 * Gamma law, so that after n failures in t seconds of learning the mean rate is {@code (1 + n) / (prior + t)}.
 *
 * @param priorSeconds learning that is believed to meet one failure, before any was seen; above 0
 * @param seconds of learning that were watched
 * @param failures that were seen in them
 */
public record FailureRate(double priorSeconds, double seconds, int failures) {

  /** One failure a day. */
  public static final double PRIOR_SECONDS = 86_400;

  /** Nothing was watched yet. */
  public static final FailureRate UNSEEN = new FailureRate(PRIOR_SECONDS, 0, 0);

  /** With so many more seconds, which a failure ended or not. */
  public FailureRate with(double more, boolean failed) {
    return new FailureRate(priorSeconds, seconds + more, failures + (failed ? 1 : 0));
  }

  /** Seconds between failures: the inverse of the mean rate. */
  public double meanTimeBetweenFailures() {
    return (priorSeconds + seconds) / (1 + failures);
  }
}
