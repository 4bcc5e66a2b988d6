package dev.perennial.grow;

import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   conflict(g, h) = (1 - cos(g, h)) / 2          0 where both gradients agree, 1/2 where they have nothing in common,
 *                                                 1 where each undoes the other
 * Source: Gradient Surgery for Multi-Task Learning (arXiv 2001.06782), which calls gradients of negative cosine conflicting.
 */
/** The novelty signal that looks at gradients: whether what a brick is asked for now undoes what it was asked for before. */
public final class GradientConflict {

  private GradientConflict() {}

  /** The conflict of two gradients of equal layout; 1/2 where one of them is zero. */
  public static double of(Tensor gradient, Tensor other) {
    Tensor one = gradient.reshape(-1).to(torch.ScalarType.Double);
    Tensor two = other.reshape(-1).to(torch.ScalarType.Double);
    double lengths = Math.sqrt(Tensors.toDoubles(one.dot(one))[0] * Tensors.toDoubles(two.dot(two))[0]);
    double cosine = lengths > 0 ? Tensors.toDoubles(one.dot(two))[0] / lengths : 0;
    return Math.clamp((1 - cosine) / 2, 0, 1);
  }
}
