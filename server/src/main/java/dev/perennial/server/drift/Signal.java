package dev.perennial.server.drift;

/**
 * What one detector says of a model's stream.
 *
 * @param detector its name
 * @param watches what it observes, in a word: errors or embeddings
 * @param level what it knows
 * @param score what it measured as a share of what it takes for a drift
 * @param change what it found in the rows that were learned just now
 * @param drifts how many of them it has found in all, those for the better too
 */
public record Signal(String detector, String watches, Drift.Level level, double score, Change change, long drifts) {

  /** What has become of the stream. */
  public enum Change {
    /** Nothing new. */
    NONE,
    /** Fewer errors than before. */
    BETTER,
    /** More errors than before. */
    WORSE,
    /** Other texts than before. */
    OTHER
  }
}
