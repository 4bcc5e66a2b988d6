package dev.perennial.restart;

import java.util.EnumMap;
import java.util.Map;

/**
 * How long a learner may be silent before it is taken for stuck: ten times the longest silence of the same kind that
 * ended well, and never less than a least; before there was one, ten times the least.
 */
final class Deadlines {

  /** What a silent learner is busy with. */
  enum Phase { OPENING, STEP, EVALUATION, SNAPSHOT }

  private static final double FACTOR = 10;

  /** A learner that was taken for stuck wrongly gets so much more time when it comes there again. */
  private static final double GROWTH = 4;

  private final double least;
  private final Map<Phase, Double> longest = new EnumMap<>(Phase.class);

  Deadlines(double least) {
    this.least = least;
  }

  /** A silence ended well. */
  void heard(Phase phase, double seconds) {
    longest.merge(phase, seconds, Math::max);
  }

  /** The longest silence of that kind so far; 0 before the first. */
  double longest(Phase phase) {
    return longest.getOrDefault(phase, 0.0);
  }

  /**
   * Seconds of silence after which a learner is stuck.
   *
   * @param stuckBefore how often it was stuck since it last came further
   */
  double seconds(Phase phase, int stuckBefore) {
    double usual = longest.containsKey(phase) ? Math.max(least, FACTOR * longest(phase)) : FACTOR * least;
    return usual * Math.pow(GROWTH, stuckBefore);
  }
}
