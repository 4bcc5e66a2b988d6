package dev.perennial.tensor;

import java.util.Optional;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.openblas.global.openblas;
import org.bytedeco.pytorch.Tensor;

/*
 * A = L Lᵀ, then L Y = B and Lᵀ X = Y: LAPACK's potrf and potrs. A matrix that lies row by row with its lower half
 * filled is one that lies column by column with its upper half filled, so that nothing is copied.
 */
/** Solves symmetric positive definite systems in float64, in the memory of the matrix. */
public final class Cholesky {

  private Cholesky() {}

  /**
   * The X of {@code A X = B}, in the open scope. O(n³ / 3 + 2 n² columns).
   *
   * @param matrix A, {@code [n, n]}, contiguous float64, of which only the lower half is read; its factor takes its place
   * @param right B, {@code [n, columns]}, float64
   * @param threads that the BLAS computes with; no worker may run at the same time
   * @return {@code [n, columns]}, or nothing where A is not positive definite in float64
   */
  public static Optional<Tensor> solve(Tensor matrix, Tensor right, int threads) {
    int n = Math.toIntExact(matrix.size(0));
    int columns = Math.toIntExact(right.size(1));
    if (matrix.size(1) != n || right.size(0) != n || !matrix.is_contiguous()) {
      throw new IllegalArgumentException("expected a contiguous square matrix and as many rows on the right side");
    }
    // Column by column, and a copy in any case: X takes its place.
    Tensor result = Tensors.doubleZeros(columns, n);
    result.copy_(right.t());
    var a = new DoublePointer(matrix.data_ptr());
    var x = new DoublePointer(result.data_ptr());
    int status = LibTorch.withBlasThreads(threads, () -> {
      int factored = openblas.LAPACKE_dpotrf(openblas.LAPACK_COL_MAJOR, (byte) 'U', n, a, n);
      return factored != 0 || columns == 0
          ? factored
          : openblas.LAPACKE_dpotrs(openblas.LAPACK_COL_MAJOR, (byte) 'U', n, columns, a, n, x, n);
    });
    if (status < 0) {
      throw new IllegalStateException("LAPACK refuses argument " + -status);
    }
    return status > 0 ? Optional.empty() : Optional.of(result.t());
  }
}
