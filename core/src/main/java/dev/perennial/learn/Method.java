package dev.perennial.learn;

/**
 * A named way to learn: makes a learner of its options.
 *
 * <p>Methods carry {@link Technique}, and are found through {@link java.util.ServiceLoader}.
 *
 * @param <O> its options, a record whose components are numbers, booleans, strings, enums, or records of such
 */
public interface Method<O extends Record> {

  /** The options where nothing else is asked for. */
  O defaults();

  /** The options' values that are worth a trial when the technique is tuned; only the defaults unless it says so. */
  default SearchSpace searchSpace() {
    return SearchSpace.NONE;
  }

  /** A learner that has learned nothing. */
  Learner learner(O options, LearnerContext context);
}
