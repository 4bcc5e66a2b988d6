package dev.perennial.store;

/**
 * A place in the stream.
 *
 * @param experience experiences that are finished: the index, from 0, of the one to go on with
 * @param step the next step to run, counted from 0 over the whole stream
 */
public record Position(int experience, long step) {

  /** Before anything was learned. */
  public static final Position START = new Position(0, 0);

  /**
   * Checks the range.
   *
   * @throws IllegalArgumentException if either is negative
   */
  public Position {
    if (experience < 0 || step < 0) {
      throw new IllegalArgumentException("a position is never negative, got experience " + experience + ", step " + step);
    }
  }
}
