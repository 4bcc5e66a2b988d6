package dev.perennial.merge;

/** Hears of what a search over recipes tries. */
@FunctionalInterface
public interface SearchListener {

  /** Says nothing. */
  SearchListener NONE = (number, of, score, best) -> {};

  /**
   * One more was tried.
   *
   * @param number of them so far, from 1
   * @param of them in all
   * @param score of this one
   * @param best score so far
   */
  void tried(int number, int of, double score, double best);
}
