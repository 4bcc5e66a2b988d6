package dev.perennial.backbone;

import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * One batch of rows that went through weights that are trained, and what their gradients need of it. Belongs to the
 * thread and the scope that it was made in.
 */
public interface TrainedPass {

  /** The features of each row, {@code [rows, width]}, without a history of gradients. */
  Tensor features();

  /**
   * Adds the gradients of the weights.
   *
   * @param ofFeatures the gradient of the loss with respect to the features, {@code [rows, width]}
   * @param gradients what they are added to, by the weights' names
   */
  void addGradients(Tensor ofFeatures, Map<String, Tensor> gradients);
}
