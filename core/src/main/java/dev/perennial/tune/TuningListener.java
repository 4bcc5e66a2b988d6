package dev.perennial.tune;

/** Hears how tuning goes on. Called on its thread; must return soon. */
public interface TuningListener {

  /** Hears nothing. */
  TuningListener SILENT = new TuningListener() {};

  /**
   * The rows are there.
   *
   * @param data the name of the dataset
   * @param classes how many there are
   * @param learned rows there are to learn, of which trials learn a part
   * @param validation rows there are to choose by
   * @param candidates that begin
   */
  default void prepared(String data, int classes, int learned, int validation, int candidates) {}

  /**
   * A round begins.
   *
   * @param number from 1
   * @param candidates that take part
   * @param rowsPerClass rows of a class that each learns at most
   * @param seed of its trials
   */
  default void round(int number, int candidates, int rowsPerClass, long seed) {}

  /**
   * A trial is about to run.
   *
   * @param number of the trial in its round, from 1
   * @param of how many there are in the round
   */
  default void began(Candidate candidate, int number, int of) {}

  /**
   * A trial has ended, now or before a stop.
   *
   * @param secondsLeft of the limit; infinite without one
   * @param runsLeft of the limit; {@link Long#MAX_VALUE} without one
   */
  default void finished(Trial trial, double secondsLeft, long runsLeft) {}
}
