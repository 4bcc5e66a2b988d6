package dev.perennial.learn.regularisation;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Bregman divergences (A Unified and General Framework for Continual Learning, arXiv 2403.13249):
 *   D(a, b) = F(a) - F(b) - <grad F(b), a - b>,   F convex
 *   F(p) = sum_c p_c log p_c     D(a, b) = sum_c a_c log(a_c / b_c)     on distributions
 *   F(x) = |x|²                  D(a, b) = |a - b|²
 *   F(w) = w' M w / 2            D(a, b) = (a - b)' M (a - b) / 2      on weights: see Anchor
 */
/** How far outputs are from what they should be, summed over rows. */
final class Divergences {

  private Divergences() {}

  /** Of the softmax of {@code logits} from distributions, both {@code [rows, classes]}. */
  static Tensor entropic(Tensor distributions, Tensor logits) {
    return ofRows(distributions, logits).sum();
  }

  /** The same, with a weight for each row, {@code [rows]}. */
  static Tensor entropic(Tensor distributions, Tensor logits, Tensor weights) {
    return ofRows(distributions, logits).sum(1).mul(weights).sum();
  }

  private static Tensor ofRows(Tensor distributions, Tensor logits) {
    return torch.xlogy(distributions, distributions).sub(distributions.mul(torch.log_softmax(logits, 1)));
  }

  /** The same, where both sides are logits that are softened by a temperature, times its square. */
  static Tensor softened(Tensor wanted, Tensor logits, double temperature) {
    var softer = new Scalar(1 / temperature);
    return entropic(torch.softmax(wanted.mul(softer), 1), logits.mul(softer))
        .mul(new Scalar(temperature * temperature));
  }

  /** Of outputs from wanted ones, of the same shape. */
  static Tensor squared(Tensor wanted, Tensor outputs) {
    return outputs.sub(wanted).square().sum();
  }
}
