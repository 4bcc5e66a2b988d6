package dev.perennial.grow;

import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * The representation descriptor of Self-Expansion of Pre-trained Models with Mixture of Adapters for Continual Learning
 * (arXiv 2403.18886): a linear autoencoder of few codes, whose error on what it was not made for is large.
 *   e(x) = |x' - m - V V^T (x' - m)|²       x' = x / |x|,  V [width, codes]
 *   z(x) = (e(x) - mean) / deviation        mean and deviation of e over what it was made for
 * The least squared error that a linear autoencoder can have is that of the first principal components (Baldi and Hornik,
 * Neural Networks and Principal Component Analysis, 1989); so nothing is trained, and V is found in closed form. Its error
 * on the rows that it was found on is too small: every other row finds V, and the rest tell mean and deviation.
 */
/**
 * The novelty signal that looks at representations: how badly a small autoencoder of a brick's rows restores others.
 *
 * @param width of a row
 * @param centre m, {@code [width]}
 * @param codes V^T, {@code [codes, width]}, one after another
 * @param mean of the errors
 * @param deviation of the errors, above 0
 */
public record ReconstructionError(int width, float[] centre, float[] codes, double mean, double deviation) {

  /** Deviations below this share of the mean are taken for it: few rows may agree by chance. */
  private static final double LEAST = 0.05;

  /**
   * Copies the arrays.
   *
   * @throws IllegalArgumentException if they do not fit the width
   */
  public ReconstructionError {
    if (centre.length != width || codes.length % width != 0 || !(deviation > 0)) {
      throw new IllegalArgumentException("expected a centre and codes of width " + width + " and a deviation above 0");
    }
    centre = centre.clone();
    codes = codes.clone();
  }

  /**
   * That of some rows, in the open scope. O(rows * width * min(rows, width)).
   *
   * @param rows {@code [rows, width]}, at least one
   * @param most codes; fewer where half of the rows have no more directions
   */
  public static ReconstructionError of(Tensor rows, int most) {
    Tensor unit = torch.normalize(rows.to(torch.ScalarType.Double));
    long count = unit.size(0);
    Tensor found = count < 4 ? unit : every(unit, 0);
    Tensor told = count < 4 ? unit : every(unit, 1);
    int width = (int) unit.size(1);
    Tensor centre = found.mean(new long[] {0}, false, new org.bytedeco.pytorch.ScalarTypeOptional());
    int codes = (int) Math.min(most, Math.min(found.size(0) - 1, width));
    float[] axes = new float[0];
    if (codes > 0) {
      var parts = torch.linalg_svd(found.sub(centre), false, new StringViewOptional());
      axes = Tensors.toFloats(parts.get2().narrow(0, 0, codes));
    }
    var plain = new ReconstructionError(width, Tensors.toFloats(centre), axes, 0, 1);
    double[] errors = plain.errors(told);
    double mean = 0;
    for (double error : errors) {
      mean += error / errors.length;
    }
    double variance = 0;
    for (double error : errors) {
      variance += (error - mean) * (error - mean) / errors.length;
    }
    double deviation = Math.max(Math.sqrt(variance), Math.max(LEAST * mean, Double.MIN_NORMAL));
    return new ReconstructionError(width, plain.centre, axes, mean, deviation);
  }

  private static Tensor every(Tensor rows, int first) {
    long[] places = new long[(int) ((rows.size(0) - first + 1) / 2)];
    for (int i = 0; i < places.length; i++) {
      places[i] = first + 2L * i;
    }
    return Tensors.rows(rows, places);
  }

  /** The error of each row, {@code [rows, width]}. O(rows * codes * width). */
  public double[] errors(Tensor rows) {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor off = torch.normalize(rows.to(torch.ScalarType.Double))
          .sub(Tensors.floats(centre, width).to(torch.ScalarType.Double));
      Tensor whole = off.mul(off).sum(1);
      if (codes.length > 0) {
        Tensor axes = Tensors.floats(codes, codes.length / width, width).to(torch.ScalarType.Double);
        Tensor kept = torch.mm(off, axes.t());
        whole = whole.sub(kept.mul(kept).sum(1));
      }
      return Tensors.toDoubles(whole.clamp_min(new Scalar(0.0)));
    }
  }

  /** The mean of z over rows, {@code [rows, width]}. */
  public double score(Tensor rows) {
    double sum = 0;
    double[] errors = errors(rows);
    for (double error : errors) {
      sum += (error - mean) / deviation;
    }
    return sum / errors.length;
  }

  /** Bytes of the numbers. */
  public long bytes() {
    return (long) (centre.length + codes.length) * Float.BYTES + 2L * Double.BYTES;
  }
}
