package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.LowRank;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TruncationTest {

  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Tensor normal(int use, int rows, int columns) {
    double[] values = new double[rows * columns];
    Arrays.setAll(values, CounterRandom.of(2, use)::gaussian);
    return Tensors.doubles(values, rows, columns);
  }

  private static double[] matrix(Truncation cut) {
    return Tensors.toDoubles(torch.mm(cut.factors().up(), cut.factors().down()));
  }

  @Test
  void of_matrixOfLowRank_findsItsRankAndLosesNothing() {
    Tensor matrix = torch.mm(normal(1, 14, 3), normal(2, 3, 9));
    Truncation cut = Truncation.of(matrix, 0);
    assertEquals(3, cut.rank());
    assertArrayEquals(Tensors.toDoubles(matrix), matrix(cut), 1e-9);
    assertEquals(0, cut.lost(), 1e-9);
    assertEquals(1, Truncation.of(Tensors.doubleZeros(4, 5), 0).rank());
    assertEquals(9, Truncation.of(normal(3, 14, 9), 0).rank());
  }

  @Test
  void of_knownSingularValues_keepsTheLargestAndTellsWhatIsLost() {
    // diag(5, 4, 3) is its own decomposition.
    Tensor matrix = Tensors.doubles(new double[] {3, 0, 0, 0, 5, 0, 0, 0, 4}, 3, 3);
    Truncation cut = Truncation.of(matrix, 2);
    assertArrayEquals(new double[] {0, 0, 0, 0, 5, 0, 0, 0, 4}, matrix(cut), 1e-12);
    assertEquals(3, cut.lost(), 1e-12);
    assertEquals(Math.sqrt(50), cut.length(), 1e-12);
  }

  @Test
  void of_product_isThatOfTheMatrixMultipliedOut() {
    Tensor up = normal(4, 12, 5);
    Tensor down = normal(5, 5, 10);
    Tensor matrix = torch.mm(up, down).mul(new Scalar(0.75));
    for (int rank = 1; rank < 5; rank++) {
      Truncation cut = Truncation.of(new LowRank(down, up, 0.75), rank);
      Truncation dense = Truncation.of(matrix, rank);
      assertEquals(rank, cut.rank());
      assertArrayEquals(matrix(dense), matrix(cut), 1e-9);
      assertEquals(dense.lost(), cut.lost(), 1e-9);
      assertTrue(cut.lost() > 1e-3);
    }
  }
}
