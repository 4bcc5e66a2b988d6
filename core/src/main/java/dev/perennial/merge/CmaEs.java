package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Evolution with an adapted covariance matrix, for a loss over numbers from 0 to 1.
 *
 * <p>Source: Nikolaus Hansen, The CMA Evolution Strategy: A Tutorial (arXiv 1604.00772), with its usual constants. A
 * generation of {@code 4 + 3 ln N} candidates is {@code x_k = m + sigma C^(1/2) z_k}, cut to the box; with the better half,
 * best first, and {@code y_k = (x_k - m) / sigma}, {@code y = sum_k w_k y_k},
 *
 * <pre>
 *   m     <- m + sigma y
 *   p_s   <- (1 - c_s) p_s + √(c_s (2 - c_s) mu) C^(-1/2) y
 *   sigma <- sigma exp(c_s / d_s (|p_s| / E|N(0, I)| - 1))
 *   p_c   <- (1 - c_c) p_c + h √(c_c (2 - c_c) mu) y,   h = 0 while p_s is long, else 1
 *   C     <- (1 - c_1 - c_m) C + c_1 (p_c p_c' + (1 - h) c_c (2 - c_c) C) + c_m sum_k w_k y_k y_k'
 * </pre>
 *
 * O(N³) a generation.
 */
final class CmaEs {

  private final int size;
  private final int population;
  private final double[] weights;
  private final double mu;
  private final double stepRate;
  private final double stepDamping;
  private final double pathRate;
  private final double rankOne;
  private final double rankMany;
  private final double usualLength;
  private final CounterRandom random;

  private final double[] mean;
  private final double[] stepPath;
  private final double[] path;
  private final double[][] covariance;
  private double[][] root;
  private double[][] inverseRoot;
  private double sigma;
  private long generation;

  /**
   * A search that begins around a point.
   *
   * @param start numbers from 0 to 1
   * @param sigma the deviation of the first candidates
   */
  CmaEs(double[] start, double sigma, CounterRandom random) {
    size = start.length;
    mean = start.clone();
    this.sigma = sigma;
    this.random = random;
    population = 4 + (int) (3 * Math.log(size));
    double[] raw = IntStream.rangeClosed(1, population / 2)
        .mapToDouble(i -> Math.log((population + 1) / 2.0) - Math.log(i)).toArray();
    double total = Arrays.stream(raw).sum();
    weights = Arrays.stream(raw).map(weight -> weight / total).toArray();
    mu = 1 / Arrays.stream(weights).map(weight -> weight * weight).sum();
    stepRate = (mu + 2) / (size + mu + 5);
    stepDamping = 1 + 2 * Math.max(0, Math.sqrt((mu - 1) / (size + 1)) - 1) + stepRate;
    pathRate = (4 + mu / size) / (size + 4 + 2 * mu / size);
    rankOne = 2 / ((size + 1.3) * (size + 1.3) + mu);
    rankMany = Math.min(1 - rankOne, 2 * (mu - 2 + 1 / mu) / ((size + 2.0) * (size + 2.0) + mu));
    usualLength = Math.sqrt(size) * (1 - 1 / (4.0 * size) + 1 / (21.0 * size * size));
    stepPath = new double[size];
    path = new double[size];
    covariance = identity(size);
    root = identity(size);
    inverseRoot = identity(size);
  }

  private static double[][] identity(int size) {
    double[][] identity = new double[size][size];
    for (int i = 0; i < size; i++) {
      identity[i][i] = 1;
    }
    return identity;
  }

  /** The candidates of the next generation. */
  double[][] ask() {
    double[][] candidates = new double[population][];
    for (int k = 0; k < population; k++) {
      double[] normal = new double[size];
      for (int i = 0; i < size; i++) {
        normal[i] = random.gaussian((generation * population + k) * size + i);
      }
      double[] step = times(root, normal);
      for (int i = 0; i < size; i++) {
        step[i] = Math.clamp(mean[i] + sigma * step[i], 0.0, 1.0);
      }
      candidates[k] = step;
    }
    generation++;
    return candidates;
  }

  /** Takes what {@link #ask} gave with the loss of each. */
  void tell(double[][] candidates, double[] losses) {
    Integer[] order = IntStream.range(0, losses.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(k -> losses[k]));
    double[][] steps = new double[weights.length][size];
    double[] step = new double[size];
    for (int k = 0; k < weights.length; k++) {
      for (int i = 0; i < size; i++) {
        steps[k][i] = (candidates[order[k]][i] - mean[i]) / sigma;
        step[i] += weights[k] * steps[k][i];
      }
    }
    double[] whitened = times(inverseRoot, step);
    double length = 0;
    for (int i = 0; i < size; i++) {
      mean[i] += sigma * step[i];
      stepPath[i] = (1 - stepRate) * stepPath[i] + Math.sqrt(stepRate * (2 - stepRate) * mu) * whitened[i];
      length = Math.hypot(length, stepPath[i]);
    }
    double settled = Math.sqrt(1 - Math.pow(1 - stepRate, 2.0 * generation));
    double moves = length / settled < (1.4 + 2 / (size + 1.0)) * usualLength ? 1 : 0;
    for (int i = 0; i < size; i++) {
      path[i] = (1 - pathRate) * path[i] + moves * Math.sqrt(pathRate * (2 - pathRate) * mu) * step[i];
    }
    double kept = 1 - rankOne - rankMany + rankOne * (1 - moves) * pathRate * (2 - pathRate);
    for (int i = 0; i < size; i++) {
      for (int j = 0; j < size; j++) {
        double many = 0;
        for (int k = 0; k < weights.length; k++) {
          many += weights[k] * steps[k][i] * steps[k][j];
        }
        covariance[i][j] = kept * covariance[i][j] + rankOne * path[i] * path[j] + rankMany * many;
      }
    }
    sigma *= Math.exp(Math.min(1, stepRate / stepDamping * (length / usualLength - 1)));
    takeRoots();
  }

  private void takeRoots() {
    try (TensorScope scope = TensorScope.inference()) {
      var parts = torch.linalg_svd(Tensors.doubles(
          Arrays.stream(covariance).flatMapToDouble(Arrays::stream).toArray(), size, size), false, new StringViewOptional());
      Tensor axes = parts.get0();
      Tensor lengths = parts.get1().clamp_min(new Scalar(1e-20)).sqrt();
      root = matrix(torch.mm(axes.mul(lengths), axes.t()));
      inverseRoot = matrix(torch.mm(axes.div(lengths), axes.t()));
    }
  }

  private double[][] matrix(Tensor tensor) {
    double[] flat = Tensors.toDoubles(tensor);
    return IntStream.range(0, size).mapToObj(i -> Arrays.copyOfRange(flat, i * size, (i + 1) * size))
        .toArray(double[][]::new);
  }

  private static double[] times(double[][] matrix, double[] vector) {
    double[] product = new double[vector.length];
    for (int i = 0; i < vector.length; i++) {
      for (int j = 0; j < vector.length; j++) {
        product[i] += matrix[i][j] * vector[j];
      }
    }
    return product;
  }
}
