package dev.perennial.grow;

import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   conflict(g, h) = (1 - cos(g, h)) / 2          0 where both gradients agree, 1/2 where they have nothing in common,
 *                                                 1 where each undoes the other
 * Source: Gradient Surgery for Multi-Task Learning (arXiv 2001.06782), which calls gradients of negative cosine conflicting.
 *
 * The gradients are those of a linear map of the features, at the identity, that classes with means m_i be told apart from
 * all others, of this brick and of the experience, by their cosines. With P the means as rows, C = P Pᵀ and t a temperature,
 *   E = softmax(C / t) - I        G(S) = sum over i in S of (Pᵀ e_i) m_iᵀ / t
 *   <G(S), G(T)> = sum over i in S, j in T of (E C Eᵀ)_ij C_ij / t²
 * so that no matrix of the features' width is ever made.
 */
/** The novelty signal that looks at gradients: whether what a brick is asked for now undoes what it was asked for before. */
public final class GradientConflict {

  /** Of the softmax over cosines. */
  private static final double TEMPERATURE = 0.1;

  private GradientConflict() {}

  /**
   * The conflict between what the classes of a brick and those of an experience ask for; 1/2 where one of them asks for
   * nothing. O((classes of both)² x width).
   *
   * @param brick class means, {@code [classes, width]}
   * @param experience class means, {@code [classes, width]}
   * @return 0 to 1
   */
  public static double between(Tensor brick, Tensor experience) {
    Tensor means = torch.normalize(Tensors.concat(0, brick, experience)).to(torch.ScalarType.Double);
    Tensor cosines = torch.mm(means, means.t());
    Tensor errors = torch.softmax(cosines.div(new Scalar(TEMPERATURE)), 1).sub(torch.eye(means.size(0)));
    Tensor products = torch.mm(torch.mm(errors, cosines), errors.t()).mul(cosines);
    long own = brick.size(0);
    double dot = sum(products.narrow(0, 0, own).narrow(1, own, experience.size(0)));
    double lengths = Math.sqrt(sum(products.narrow(0, 0, own).narrow(1, 0, own))
        * sum(products.narrow(0, own, experience.size(0)).narrow(1, own, experience.size(0))));
    return Math.clamp((1 - (lengths > 0 ? dot / lengths : 0)) / 2, 0, 1);
  }

  private static double sum(Tensor products) {
    return Tensors.toDoubles(products.sum())[0];
  }
}
