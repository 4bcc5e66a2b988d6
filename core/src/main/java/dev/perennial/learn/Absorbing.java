package dev.perennial.learn;

import dev.perennial.data.Example;
import java.util.List;

/** A learner to which rows can be given late, in one step, as if they had come with their experience. */
public interface Absorbing extends Learner {

  /**
   * Takes in rows of classes that it knows.
   *
   * @param rows of an experience that it has learned in whole; their inputs have their places in the cache
   */
  void absorb(List<Example> rows);
}
