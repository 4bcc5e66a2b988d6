package dev.perennial.server.cache;

/**
 * What a cache has of a text.
 *
 * @param <A> what a model answers
 */
public sealed interface Lookup<A> {

  /**
   * An answer to give.
   *
   * @param similarity of the text that it was made for, 1 for the same text
   */
  record Hit<A>(A answer, double similarity) implements Lookup<A> {}

  /**
   * An answer that was drawn to be checked: compute one, give that, and tell it to {@link SemanticCache#checked}.
   *
   * @param answer what would have been given
   * @param similarity of the text that it was made for
   * @param category that it was looked up in
   */
  record Check<A>(A answer, double similarity, String category) implements Lookup<A> {}

  /** Nothing. */
  record Miss<A>() implements Lookup<A> {}
}
