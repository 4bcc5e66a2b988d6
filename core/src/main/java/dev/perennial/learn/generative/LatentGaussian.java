package dev.perennial.learn.generative;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Mixtures of Probabilistic Principal Component Analysers (Tipping and Bishop 1999): a row is made of q latent numbers,
 *
 *   x = mean + sum over i of z_i w_i + sigma e        z, e standard normal
 *
 * With l_1 >= ... >= l_d and v_i the eigenvalues and eigenvectors of the rows' covariance, likelihood is largest at
 *
 *   sigma² = mean of l_(q+1) .. l_d        w_i = sqrt(l_i - sigma²) v_i
 *
 * which is also where the variational auto-encoder with a linear decoder ends (arXiv 1911.02469). New rows are taken in
 * with the moments that the model says the old ones had:
 *
 *   n C = n1 (sum w_i w_iᵀ + sigma² I) + sum (x - m2) (x - m2)ᵀ + n1 n2 / n (m1 - m2) (m1 - m2)ᵀ
 */
/**
 * A distribution that rows of one class are drawn from: a normal one with few directions of its own, and the same
 * variance in all others.
 *
 * @param mean {@code [width]}
 * @param factors the q directions one after another, {@code [q * width]}, the longest first
 * @param variance sigma²
 * @param rows how many it was fitted to
 */
@SuppressWarnings("ArrayRecordComponent")
record LatentGaussian(float[] mean, float[] factors, double variance, long rows) {

  /** One that has seen no row, of q directions; q is below the width. */
  static LatentGaussian none(int width, int q) {
    return new LatentGaussian(new float[width], new float[q * width], 0, 0);
  }

  /** How many directions of its own a model of this width has at most: {@code rank}, but less than the width. */
  static int directions(int rank, int width) {
    return Math.min(rank, width - 1);
  }

  /** Bytes that one of them takes. */
  static long bytes(int width, int q) {
    return (long) Float.BYTES * width * (1 + q) + Double.BYTES + Long.BYTES;
  }

  /** What it is after these rows, {@code [n, width]} with n above 0, are taken in too. O(n width² + width³). */
  LatentGaussian with(Tensor features) {
    try (TensorScope scope = TensorScope.inference()) {
      int width = mean.length;
      int q = factors.length / width;
      Tensor x = features.to(torch.ScalarType.Double);
      double added = x.size(0);
      double total = rows + added;
      Tensor ownMean = x.mean(0);
      Tensor centred = x.sub(ownMean);
      Tensor products = torch.mm(centred.t(), centred);
      Tensor before = Tensors.floats(mean, width).to(torch.ScalarType.Double);
      Tensor directions = Tensors.floats(factors, q, width).to(torch.ScalarType.Double);
      Tensors.addScaled(products, torch.mm(directions.t(), directions), rows);
      products.diagonal().add_(new Scalar(rows * variance));
      Tensor apart = before.sub(ownMean);
      Tensors.addScaled(products, torch.outer(apart, apart), rows * added / total);
      before.mul_(new Scalar(rows / total));
      Tensors.addScaled(before, ownMean, added / total);
      return fitted(before, products.div(new Scalar(total)), q, (long) total);
    }
  }

  private static LatentGaussian fitted(Tensor mean, Tensor covariance, int q, long rows) {
    int width = (int) mean.size(0);
    var eigen = torch.linalg_eigh(covariance);
    // Ascending, the eigenvectors in columns.
    double[] values = Tensors.toDoubles(eigen.get0());
    double[] vectors = Tensors.toDoubles(eigen.get1());
    double rest = 0;
    for (int i = 0; i < width - q; i++) {
      rest += Math.max(0, values[i]) / (width - q);
    }
    float[] factors = new float[q * width];
    for (int i = 0; i < q; i++) {
      int column = width - 1 - i;
      double length = Math.sqrt(Math.max(0, values[column] - rest));
      for (int c = 0; c < width; c++) {
        factors[i * width + c] = (float) (length * vectors[c * width + column]);
      }
    }
    return new LatentGaussian(Tensors.toFloats(mean), factors, rest, rows);
  }

  /** Rows drawn from it, {@code [count, width]}, float32, in the open scope. */
  Tensor draw(int count, CounterRandom random) {
    int width = mean.length;
    int q = factors.length / width;
    float[] latent = new float[count * q];
    float[] noise = new float[count * width];
    double sigma = Math.sqrt(variance);
    for (int row = 0; row < count; row++) {
      long start = (long) row * (q + width);
      for (int i = 0; i < q; i++) {
        latent[row * q + i] = (float) random.gaussian(start + i);
      }
      for (int c = 0; c < width; c++) {
        noise[row * width + c] = (float) (mean[c] + sigma * random.gaussian(start + q + c));
      }
    }
    return torch.mm(Tensors.floats(latent, count, q), Tensors.floats(factors, q, width))
        .add_(Tensors.floats(noise, count, width));
  }
}
