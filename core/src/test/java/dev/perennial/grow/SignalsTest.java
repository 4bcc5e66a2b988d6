package dev.perennial.grow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.LowRank;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SignalsTest {

  private TensorScope scope;

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static float[] drawn(long use, int count) {
    var random = CounterRandom.of(9, use);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.gaussian(i);
    }
    return values;
  }

  @Test
  void reconstruction_rowsOfAPlane_areRestored_andOthersAreNot() {
    // Rows (1, a, b, 0, 0), of any length: all that a plane through m has once they are brought to length 1, nearly.
    int rows = 40;
    float[] plane = new float[rows * 5];
    float[] ab = drawn(1, rows * 2);
    for (int row = 0; row < rows; row++) {
      plane[row * 5] = 1;
      plane[row * 5 + 1] = 0.01f * ab[row * 2];
      plane[row * 5 + 2] = 0.01f * ab[row * 2 + 1];
    }
    Tensor inside = Tensors.floats(plane, rows, 5);
    var descriptor = ReconstructionError.of(inside, 2);
    for (double error : descriptor.errors(inside)) {
      assertEquals(0, error, 1e-6);
    }
    // (0, 0, 0, 1, 0): off by (-1, 0, 0, 1, 0) less what lies along the codes, which is nothing.
    assertEquals(2, descriptor.errors(Tensors.floats(new float[] {0, 0, 0, 3, 0}, 1, 5))[0], 1e-3);
    assertTrue(descriptor.score(Tensors.floats(new float[] {0, 0, 0, 1, 0}, 1, 5)) > 100);
  }

  @Test
  void reconstruction_withoutCodes_isTheDistanceToTheMean_ofEveryOtherRow() {
    float[] values = drawn(2, 10 * 3);
    var descriptor = ReconstructionError.of(Tensors.floats(values, 10, 3), 1);
    double[][] unit = new double[10][3];
    double[] mean = new double[3];
    for (int row = 0; row < 10; row++) {
      double length = Math.sqrt(values[row * 3] * values[row * 3] + values[row * 3 + 1] * values[row * 3 + 1]
          + values[row * 3 + 2] * values[row * 3 + 2]);
      for (int i = 0; i < 3; i++) {
        unit[row][i] = values[row * 3 + i] / length;
        mean[i] += row % 2 == 0 ? unit[row][i] / 5 : 0;
      }
    }
    double[] errors = descriptor.errors(Tensors.floats(values, 10, 3));
    double sum = 0;
    for (int row = 0; row < 10; row++) {
      double whole = 0;
      double along = 0;
      for (int i = 0; i < 3; i++) {
        whole += (unit[row][i] - mean[i]) * (unit[row][i] - mean[i]);
        along += (unit[row][i] - mean[i]) * descriptor.codes()[i];
      }
      assertEquals(whole - along * along, errors[row], 1e-5);
      sum += row % 2 == 1 ? errors[row] / 5 : 0;
    }
    assertEquals(sum, descriptor.mean(), 1e-9);
    // The rows that told mean and deviation score 0 in the mean.
    Tensor told = torch.index_select(Tensors.floats(values, 10, 3), 0, Tensors.longs(new long[] {1, 3, 5, 7, 9}, 5));
    assertEquals(0, descriptor.score(told), 1e-6);
  }

  @Test
  void reconstruction_ofOneRow_knowsThatRowAlone() {
    var descriptor = ReconstructionError.of(Tensors.floats(new float[] {3, 4}, 1, 2), 8);
    assertEquals(0, descriptor.codes().length);
    assertEquals(0, descriptor.errors(Tensors.floats(new float[] {0.6f, 0.8f}, 1, 2))[0], 1e-9);
    assertTrue(descriptor.score(Tensors.floats(new float[] {4, 3}, 1, 2)) > 1);
  }

  @Test
  void prototypeDistance_anyRows_isOneLessTheLargestCosine() {
    Tensor prototypes = Tensors.floats(new float[] {2, 0, 0, 0, 5, 0}, 2, 3);
    Tensor rows = Tensors.floats(new float[] {1, 0, 0, 0, 0, 4, -3, 0, 0, 1, 1, 0}, 4, 3);
    assertArrayEquals(new double[] {0, 1, 1, 1 - Math.sqrt(0.5)}, PrototypeDistance.of(rows, prototypes), 1e-6);
    assertEquals((3 - Math.sqrt(0.5)) / 4, PrototypeDistance.mean(rows, prototypes), 1e-6);
  }

  @Test
  void gradientConflict_anyClasses_isHalfOfOneLessTheCosineOfTheGradients() {
    Tensor brick = Tensors.floats(drawn(5, 3 * 4), 3, 4);
    Tensor experience = Tensors.floats(drawn(6, 2 * 4), 2, 4);
    Tensor all = torch.normalize(Tensors.concat(0, brick, experience));
    double[][] gradients = {gradient(all, 0, 3), gradient(all, 3, 5)};
    double dot = 0;
    double[] squares = new double[2];
    for (int i = 0; i < gradients[0].length; i++) {
      dot += gradients[0][i] * gradients[1][i];
      squares[0] += gradients[0][i] * gradients[0][i];
      squares[1] += gradients[1][i] * gradients[1][i];
    }
    double expected = (1 - dot / Math.sqrt(squares[0] * squares[1])) / 2;
    assertEquals(expected, GradientConflict.between(brick, experience), 1e-5);
    // Of one class for which there is nothing to tell apart from another, there is no gradient.
    assertEquals(0.5, GradientConflict.between(Tensors.zeros(0, 4), experience), 1e-9);
  }

  /** By autograd: of the cross-entropy of the means from..to, moved by a linear map, among all means. */
  private static double[] gradient(Tensor means, long from, long to) {
    try (TensorScope training = TensorScope.training()) {
      Tensor map = torch.eye(means.size(1)).set_requires_grad(true);
      Tensor moved = torch.mm(means.narrow(0, from, to - from), map.t());
      Tensor logits = torch.mm(moved, means.t()).div(new Scalar(0.1));
      torch.log_softmax(logits, 1).mul(torch.eye(means.size(0)).narrow(0, from, to - from)).sum().neg().backward();
      return Tensors.toDoubles(map.grad());
    }
  }

  @Test
  void fusion_enoughRank_isTheWeightedMeanOfBothChanges() {
    var one = new LowRank(Tensors.floats(drawn(3, 2 * 6), 2, 6), Tensors.floats(drawn(4, 5 * 2), 5, 2), 0.5);
    var other = new LowRank(Tensors.floats(drawn(5, 2 * 6), 2, 6), Tensors.floats(drawn(6, 5 * 2), 5, 2), 2);
    Tensor expected = change(one).mul(new Scalar(0.75)).add(change(other).mul(new Scalar(0.25)));
    assertEquals(0, most(change(Fusion.of(one, 30, other, 10, 4)).sub(expected)), 1e-5);
    // A brick and itself, at half the rank: nothing is lost.
    assertEquals(0, most(change(Fusion.of(one, 1, one, 5, 2)).sub(change(one))), 1e-5);
  }

  private static Tensor change(LowRank product) {
    return torch.mm(product.up(), product.down()).mul(new Scalar(product.scale()));
  }

  private static double most(Tensor tensor) {
    return tensor.abs().max().item_double();
  }
}
