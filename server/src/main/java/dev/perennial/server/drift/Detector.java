package dev.perennial.server.drift;

/**
 * A watch over a stream of observations that tells when it has changed.
 *
 * <p>After {@link Drift.Level#DRIFT} a detector goes on by itself with what came after the change. What it tells is a
 * function of its options and of what it observed, so that one which is restored from {@link #state} goes on to the same
 * bits. Not safe for use by several threads at once.
 *
 * @param <T> what is observed: a number, such as 1 for a wrong prediction and 0 for a right one, or an embedding
 */
public sealed interface Detector<T> permits Adwin, EmbeddingDistance, PageHinkley {

  /**
   * Takes in one observation.
   *
   * @throws IllegalArgumentException if it is not finite, or an embedding of another width than those before
   */
  Drift observe(T value);

  /** Forgets everything that was observed. */
  void reset();

  /** All that it knows, as numbers that a store keeps exactly; its options are not among them. */
  double[] state();

  /**
   * Takes over what another one with the same options knew.
   *
   * @throws dev.perennial.FailureException if the numbers are not the state of such a detector
   */
  void restore(double[] state);
}
