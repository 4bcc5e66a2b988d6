package dev.perennial.merge;

import dev.perennial.backbone.LowRank;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The nearest product of a rank to a matrix.
 *
 * <p>Source: Carl Eckart and Gale Young, The approximation of one matrix by another of lower rank, Psychometrika 1936. With
 * {@code D = U S V'}, {@code D_r = (U_r √S_r) (√S_r V_r')}, and {@code |D - D_r|² = sum over k > r of s_k²}.
 *
 * @param factors A and B of scale 1, float64
 * @param lost length of what was cut off
 * @param length of the matrix
 */
public record Truncation(LowRank factors, double lost, double length) {

  /** What counts as nothing, as a share of the matrix's length: less than float32 can tell. */
  private static final double NOTHING = 1e-6;

  int rank() {
    return (int) factors.down().size(0);
  }

  /**
   * A matrix cut to a rank, or to the least that loses nothing.
   *
   * @param matrix float64, {@code [out, in]}
   * @param rank at least 1; 0 for the exact rank
   */
  static Truncation of(Tensor matrix, int rank) {
    var parts = torch.linalg_svd(matrix, false, new StringViewOptional());
    return cut(parts.get0(), parts.get1(), parts.get2(), rank);
  }

  /**
   * A product cut to a rank, without multiplying it out: with {@code B = Q R} and {@code A' = P T},
   * {@code s B A = Q (s R T') P'}. O((in + out) r²).
   */
  public static Truncation of(LowRank product, int rank) {
    var up = torch.linalg_qr(product.up());
    var down = torch.linalg_qr(product.down().t());
    Tensor core = torch.mm(up.get1(), down.get1().t()).mul(new Scalar(product.scale()));
    var parts = torch.linalg_svd(core, false, new StringViewOptional());
    return cut(torch.mm(up.get0(), parts.get0()), parts.get1(), torch.mm(parts.get2(), down.get0().t()), rank);
  }

  private static Truncation cut(Tensor left, Tensor sizes, Tensor right, int asked) {
    double[] values = Tensors.toDoubles(sizes);
    double[] tails = new double[values.length + 1];
    for (int k = values.length - 1; k >= 0; k--) {
      tails[k] = Math.hypot(tails[k + 1], values[k]);
    }
    int rank = asked == 0 ? 1 : Math.min(asked, values.length);
    while (asked == 0 && tails[rank] > NOTHING * tails[0]) {
      rank++;
    }
    Tensor roots = sizes.narrow(0, 0, rank).sqrt();
    Tensor up = left.narrow(1, 0, rank).mul(roots);
    Tensor down = right.narrow(0, 0, rank).mul(roots.unsqueeze(1));
    return new Truncation(new LowRank(down, up, 1), tails[rank], tails[0]);
  }
}
