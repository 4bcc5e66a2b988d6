package dev.perennial.edit;

import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * UltraEdit (arXiv 2505.14679), section on lifelong normalisation. A turn of b rows with mean m and sums of squared
 * deviations q is merged into the n rows before it (Chan, Golub and LeVeque 1979):
 *
 *   delta = m - mean      n' = n + b      mean += delta b / n'      M2 += q + delta² n b / n'      std = √(M2 / (n' - 1))
 */
/** The mean and the deviation of every column over all rows of all turns so far; the rows are not kept. */
final class LifelongNormalisation {

  /** Deviations below it are those of a column that does not vary, which is left at its own scale. */
  private static final double STILL = 1e-8;

  private double[] mean;
  private double[] squares;
  private long rows;

  /** Of no rows yet. */
  LifelongNormalisation(int columns) {
    mean = new double[columns];
    squares = new double[columns];
  }

  /** Takes in the rows of a turn, {@code [rows, columns]}, at least one. O(rows * columns). */
  void add(Tensor turn) {
    long count = turn.size(0);
    double[] own = Tensors.toDoubles(turn.to(torch.ScalarType.Double).mean(0));
    Tensor centred = turn.to(torch.ScalarType.Double).sub(Tensors.doubles(own, 1, own.length));
    double[] deviations = Tensors.toDoubles(centred.square().sum(0));
    long total = rows + count;
    for (int column = 0; column < mean.length; column++) {
      double delta = own[column] - mean[column];
      mean[column] += delta * count / total;
      squares[column] += deviations[column] + delta * delta * rows * count / total;
    }
    rows = total;
  }

  /** The rows with every column's mean taken away and divided by its deviation, float64. */
  Tensor apply(Tensor turn) {
    double[] scales = deviations();
    for (int column = 0; column < scales.length; column++) {
      scales[column] = scales[column] > STILL ? 1 / scales[column] : 1;
    }
    return turn.to(torch.ScalarType.Double).sub(Tensors.doubles(mean, 1, mean.length))
        .mul(Tensors.doubles(scales, 1, scales.length));
  }

  double[] mean() {
    return mean.clone();
  }

  /** With n - 1 in the denominator; 0 where there are fewer than two rows. */
  double[] deviations() {
    double[] deviations = new double[squares.length];
    for (int column = 0; column < deviations.length && rows > 1; column++) {
      deviations[column] = Math.sqrt(squares[column] / (rows - 1));
    }
    return deviations;
  }

  long rows() {
    return rows;
  }

  /** Means and sums of squared deviations, {@code [2, columns]}. */
  TensorData statistics() {
    double[] both = Arrays.copyOf(mean, 2 * mean.length);
    System.arraycopy(squares, 0, both, mean.length, mean.length);
    return TensorData.of(both, 2, mean.length);
  }

  /** Goes on from what {@link #statistics} gave for so many rows. */
  static LifelongNormalisation of(TensorData statistics, long rows) {
    double[] both = Tensors.toDoubles(Tensors.copyOf(statistics));
    var normalisation = new LifelongNormalisation(both.length / 2);
    normalisation.mean = Arrays.copyOf(both, both.length / 2);
    normalisation.squares = Arrays.copyOfRange(both, both.length / 2, both.length);
    normalisation.rows = rows;
    return normalisation;
  }
}
