package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import org.bytedeco.pytorch.Tensor;

/**
 * A head that gradients train: one row of numbers for each class, to which rows are added as classes come.
 *
 * <p>The rows themselves lie among the parameters of whoever trains them.
 */
public sealed interface GrowingHead permits LinearHead, CosineHead {

  /** What it is called among bricks: {@code linear-head} and so on. */
  String kind();

  /** Numbers in the row of a class. */
  int rowLength();

  /**
   * Rows of new classes, one after another, at their initial values.
   *
   * @param first the number of the first of them
   * @param count how many there are
   * @param random what is drawn depends on it and on the number of the class alone
   */
  float[] newRows(int first, int count, CounterRandom random);

  /**
   * Makes rows of a head for narrower features rows of this one: columns of features that are new keep what they have.
   *
   * @param narrower {@code [classes, row length of a head for as many features or fewer]}
   * @param rows {@code [classes, rowLength]}, changed in place
   */
  void takeOver(Tensor narrower, Tensor rows);

  /**
   * What speaks for each class.
   *
   * @param features {@code [inputs, width]}
   * @param rows {@code [classes, rowLength]}
   * @return {@code [inputs, classes]}
   */
  Tensor logits(Tensor features, Tensor rows);

  /**
   * Goes back from logits by hand, which for a head this small is a fraction of the work of recording it.
   *
   * @param ofLogits the gradient with respect to the logits, {@code [inputs, classes]}
   * @param features that the logits are of
   * @param rows that the logits are of
   * @param gradient what the gradient with respect to the rows is added to, {@code [classes, rowLength]}
   * @return the gradient with respect to the features, {@code [inputs, width]}
   */
  Tensor addGradients(Tensor ofLogits, Tensor features, Tensor rows, Tensor gradient);
}
