package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CholeskyTest {

  @ParameterizedTest
  @CsvSource({"1, 1, 1", "2, 3, 1", "7, 1, 2", "60, 45, 2", "33, 0, 1"})
  void solve_lowerHalfAlone_givesTheSolutionThatWasHidden(int n, int columns, int threads) {
    LibTorch.load();
    var random = CounterRandom.of(n, columns);
    double[][] factor = new double[n][n];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j <= i; j++) {
        factor[i][j] = i == j ? 1 + random.uniform(i * n + j) : random.uniform(i * n + j) / n;
      }
    }
    double[] hidden = new double[n * columns];
    for (int i = 0; i < hidden.length; i++) {
      hidden[i] = random.uniform(n * n + i) - 0.5;
    }
    double[] matrix = new double[n * n];
    double[] right = new double[n * columns];
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        double product = 0;
        for (int k = 0; k < n; k++) {
          product += factor[i][k] * factor[j][k];
        }
        // What is above the diagonal must not be looked at.
        matrix[i * n + j] = j > i ? Double.NaN : product;
        for (int c = 0; c < columns; c++) {
          right[i * columns + c] += product * hidden[j * columns + c];
        }
      }
    }
    try (TensorScope scope = TensorScope.inference()) {
      Tensor b = Tensors.doubles(right, n, columns);
      Tensor solution = Cholesky.solve(Tensors.doubles(matrix, n, n), b, threads).orElseThrow();
      assertArrayEquals(new long[] {n, columns}, solution.shape());
      assertArrayEquals(hidden, Tensors.toDoubles(solution), 1e-10);
      assertArrayEquals(right, Tensors.toDoubles(b));
    }
  }

  @Test
  void solve_notPositiveDefinite_givesNothing() {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      Tensor matrix = Tensors.doubles(new double[] {1, 0, 2, 1}, 2, 2);
      assertTrue(Cholesky.solve(matrix, Tensors.doubles(new double[] {1, 1}, 2, 1), 1).isEmpty());
    }
  }

  @Test
  void solve_shapesThatDoNotFit_areRefused() {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      Tensor matrix = Tensors.doubles(new double[] {1, 0, 0, 1}, 2, 2);
      String message = assertThrows(IllegalArgumentException.class,
          () -> Cholesky.solve(matrix, Tensors.doubles(new double[3], 3, 1), 1)).getMessage();
      assertEquals("expected a contiguous square matrix and as many rows on the right side", message);
    }
  }
}
