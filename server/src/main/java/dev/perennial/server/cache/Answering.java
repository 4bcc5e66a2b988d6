package dev.perennial.server.cache;

/**
 * The model as it is now: what a cache asks whether an answer still holds. An immutable snapshot is one.
 *
 * @param <A> what it answers
 */
public interface Answering<A> {

  /** The number of its snapshot; a later one has a larger number. */
  long snapshot();

  /**
   * What the features of a text are made by: the digest of the backbone and of the bricks that act in it. Features of
   * another encoder say nothing.
   */
  String encoder();

  /** What it says of a text's features: the head alone, no pass through the encoder. */
  A answer(float[] features);
}
