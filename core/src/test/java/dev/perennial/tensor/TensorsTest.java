package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TensorsTest {

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
  void view_everyTypeThatLearnersUse_isItsBytes() {
    assertEquals(TensorData.of(new float[] {1, -2.5f}, 2, 1), Tensors.view(Tensors.floats(new float[] {1, -2.5f}, 2, 1)));
    assertEquals(TensorData.of(new double[] {1e-300}, 1), Tensors.view(Tensors.doubles(new double[] {1e-300}, 1)));
    assertEquals(TensorData.of(new long[] {1L << 60}, 1), Tensors.view(Tensors.longs(new long[] {1L << 60}, 1)));
    TensorData bytes = TensorData.ofBytes(Dtype.U8, new byte[] {1, (byte) 200}, 2);
    assertEquals(bytes, Tensors.view(Tensors.copyOf(bytes)));
  }

  @Test
  void arrays_emptyTensor_areEmpty() {
    assertEquals(0, Tensors.toFloats(Tensors.zeros(0, 3)).length);
    assertEquals(0, Tensors.toDoubles(Tensors.doubleZeros(3, 0)).length);
    assertEquals(0, Tensors.toLongs(Tensors.longs(new long[0], 0)).length);
  }

  @Test
  void view_emptyTensor_hasItsShape() {
    assertEquals(List.of(7L, 0L), Tensors.view(Tensors.doubleZeros(7, 0)).shape());
    assertArrayEquals(new long[] {0, 4}, Tensors.copyOf(TensorData.of(new float[0], 0, 4)).shape());
  }

  @Test
  void view_changedTensor_showsTheChange() {
    Tensor tensor = Tensors.zeros(2);
    TensorData view = Tensors.view(tensor);
    tensor.add_(Tensors.floats(new float[] {1, 2}, 2));
    assertArrayEquals(new float[] {1, 2}, view.floats());
  }

  @Test
  void view_transposedOrOfAnotherType_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> Tensors.view(Tensors.zeros(2, 3).t()));
    assertThrows(IllegalArgumentException.class,
        () -> Tensors.view(Tensors.zeros(2).to(torch.ScalarType.Half)));
  }

  @Test
  void copyInto_anotherShapeOrType_isRefusedAndChangesNothing() {
    Tensor target = Tensors.floats(new float[] {5, 6}, 1, 2);
    // libtorch itself would spread this one over the target.
    assertThrows(FailureException.class, () -> Tensors.copyInto(target, TensorData.of(new float[] {1}, 1), "x"));
    assertEquals("expected x to be F32 [1, 2] in a learner's state, found F64 [1, 2]: the state belongs to another"
        + " learner or other options", assertThrows(FailureException.class,
            () -> Tensors.copyInto(target, TensorData.of(new double[] {1, 2}, 1, 2), "x")).getMessage());
    assertArrayEquals(new float[] {5, 6}, Tensors.toFloats(target));
    Tensors.copyInto(target, TensorData.of(new float[] {1, 2}, 1, 2), "x");
    assertArrayEquals(new float[] {1, 2}, Tensors.toFloats(target));
  }

  @Test
  void arrays_transposedTensor_areReadRowByRow() {
    Tensor tensor = Tensors.floats(new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    assertArrayEquals(new float[] {1, 4, 2, 5, 3, 6}, Tensors.toFloats(tensor.t()));
    assertArrayEquals(new double[] {1, 4, 2, 5, 3, 6}, Tensors.toDoubles(tensor.t()));
    assertArrayEquals(new long[] {1, 4, 2, 5, 3, 6}, Tensors.toLongs(tensor.t()));
    assertArrayEquals(new float[] {4, 5, 6, 1, 2, 3, 4, 5, 6}, Tensors.toFloats(Tensors.rows(tensor, new long[] {1, 0, 1})));
    assertArrayEquals(
        new float[] {1, 2, 3, 9, 4, 5, 6, 8},
        Tensors.toFloats(Tensors.concat(1, tensor, Tensors.floats(new float[] {9, 8}, 2, 1))));
    Tensors.addScaled(tensor, Tensors.floats(new float[] {1, 1, 1}, 3), -2);
    assertArrayEquals(new float[] {-1, 0, 1, 2, 3, 4}, Tensors.toFloats(tensor));
  }
}
