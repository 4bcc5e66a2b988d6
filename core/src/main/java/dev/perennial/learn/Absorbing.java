package dev.perennial.learn;

import dev.perennial.data.Example;
import java.util.List;

/** A learner to which rows can be given late, in one step, as if they had come with their experience. */
public interface Absorbing extends Learner {

  /**
   * Takes in rows, of classes that it knows or of new ones, which come to be known in the order of the rows. Charged as an
   * experience is.
   *
   * @param rows that belong to the last experience that it has learned in whole; the same state follows as if they had come
   *     with it, or in one of their own after it
   */
  void absorb(List<Example> rows);
}
