package dev.perennial.server.drift;

/**
 * What a detector says after an observation.
 *
 * @param level what it comes to
 * @param score what it measured as a share of what it takes for a drift: 0 is no sign at all, from 1 on it is one; of a
 *     detector that does not look at every observation, what it saw when it looked last
 */
public record Drift(Level level, double score) {

  /** What a detector knows. */
  public enum Level {
    /** Too little was observed to say anything. */
    WARM_UP,
    /** Nothing speaks for a change. */
    STABLE,
    /** The stream is no longer what it was before. */
    DRIFT
  }

  static final Drift WARM_UP = new Drift(Level.WARM_UP, 0);

  /** Whether this is where to begin a new experience. */
  public boolean drifted() {
    return level == Level.DRIFT;
  }
}
