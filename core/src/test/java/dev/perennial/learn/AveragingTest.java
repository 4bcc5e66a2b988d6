package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AveragingTest {

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

  @Test
  void stepped_fewSteps_endAtTheirMean() {
    Tensor values = Tensors.floats(new float[] {0}, 1);
    try (var averaging = new Averaging(0.99, 1)) {
      for (int step = 0; step < 4; step++) {
        values.fill_(new Scalar((float) (step * step)));
        averaging.stepped(values, step, 4);
      }
    }
    assertEquals((0 + 1 + 4 + 9) / 4.0, values.item_double(), 1e-6);
  }

  @Test
  void stepped_manySteps_forgetAtTheRateAskedForAlsoWhenTakenUpAgain() {
    double expected = 0;
    Tensor values = Tensors.floats(new float[] {0}, 1);
    var averaging = new Averaging(0.5, 1);
    for (int step = 0; step < 10; step++) {
      double value = step % 3;
      expected += (value - expected) * Math.max(0.5, 1.0 / (step + 1));
      values.fill_(new Scalar((float) value));
      if (step == 6) {
        var again = new Averaging(0.5, 1);
        again.restore(averaging.state());
        averaging.close();
        averaging = again;
      }
      averaging.stepped(values, step, 10);
    }
    averaging.close();
    assertEquals(expected, values.item_double(), 1e-6);
  }

  @Test
  void stepped_off_leavesTheValues() {
    Tensor values = Tensors.floats(new float[] {3, 4}, 2);
    try (var averaging = new Averaging(0, 2)) {
      averaging.stepped(values, 0, 1);
      assertEquals(Map.of(), averaging.state());
    }
    assertArrayEquals(new float[] {3, 4}, Tensors.toFloats(values));
  }
}
