package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

final class TensorDataTest {

  @Test
  void of_floats_areLittleEndianRowMajor() {
    TensorData data = TensorData.of(new float[] {1f, -2f}, 1, 2);
    assertArrayEquals(
        new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, (byte) 0xc0}, data.data().toArray(ValueLayout.JAVA_BYTE));
    assertEquals(List.of(1L, 2L), data.shape());
    assertEquals(Dtype.F32, data.dtype());
  }

  @Test
  void of_everyArrayType_readsBack() {
    float[] floats = {0f, -0f, Float.NaN, Float.MIN_VALUE, 3.5f};
    assertArrayEquals(floats, TensorData.of(floats, 5).floats());
    double[] doubles = {Math.PI, Double.NEGATIVE_INFINITY, 1e-300};
    assertArrayEquals(doubles, TensorData.of(doubles, 3, 1).doubles());
    long[] longs = {Long.MIN_VALUE, 7};
    assertArrayEquals(longs, TensorData.of(longs, 2).longs());
    int[] ints = {Integer.MIN_VALUE, 7, 9};
    assertArrayEquals(ints, TensorData.of(ints, 3).ints());
    assertArrayEquals(
        new byte[] {1, 2, 3},
        TensorData.ofBytes(Dtype.U8, new byte[] {1, 2, 3}, 3).data().toArray(ValueLayout.JAVA_BYTE));
  }

  @Test
  void of_changedArray_staysAsItWas() {
    float[] values = {1, 2};
    TensorData data = TensorData.of(values, 2);
    values[0] = 9;
    assertArrayEquals(new float[] {1, 2}, data.floats());
    assertThrows(IllegalArgumentException.class, () -> data.data().set(ValueLayout.JAVA_BYTE, 0, (byte) 1));
  }

  @Test
  void of_noShape_isScalar() {
    TensorData scalar = TensorData.of(new double[] {2.5});
    assertEquals(List.of(), scalar.shape());
    assertEquals(8, scalar.data().byteSize());
    assertThrows(IllegalArgumentException.class, () -> TensorData.of(new double[] {1, 2}));
  }

  @Test
  void floats_otherType_saysWhatItFound() {
    var failure = assertThrows(FailureException.class, () -> TensorData.of(new double[] {1}, 1).floats());
    assertEquals("expected a tensor of F32, found F64 [1]", failure.getMessage());
  }

  @Test
  void byteSize_oddShapes_followTheRule() {
    assertEquals(0, TensorData.byteSize(Dtype.F64, List.of(0L, 5L)));
    assertEquals(3, TensorData.byteSize(Dtype.F6_E2M3, List.of(4L)));
    assertEquals(1, TensorData.byteSize(Dtype.F4, List.of(2L)));
    assertThrows(IllegalArgumentException.class, () -> TensorData.byteSize(Dtype.F4, List.of(3L)));
    assertThrows(IllegalArgumentException.class, () -> TensorData.byteSize(Dtype.U8, List.of(-1L)));
    assertThrows(IllegalArgumentException.class, () -> TensorData.byteSize(Dtype.U8, List.of(1L << 32, 1L << 32)));
    assertThrows(IllegalArgumentException.class, () -> TensorData.byteSize(Dtype.F64, List.of(1L << 58)));
  }

  @Test
  void construct_wrongSize_isRefused() {
    var e =
        assertThrows(
            IllegalArgumentException.class,
            () -> new TensorData(Dtype.F32, List.of(2L), MemorySegment.ofArray(new byte[7])));
    assertEquals("a F32 tensor of shape [2] takes 8 bytes, got 7", e.getMessage());
  }

  @Test
  void equals_typeShapeOrOneBit_tellsThemApart() {
    TensorData one = TensorData.of(new float[] {1, 2}, 2);
    assertEquals(one, TensorData.of(new float[] {1, 2}, 2));
    assertEquals(one.hashCode(), TensorData.of(new float[] {1, 2}, 2).hashCode());
    assertNotEquals(one, TensorData.of(new float[] {1, 2}, 1, 2));
    assertNotEquals(one, TensorData.of(new float[] {1, Math.nextUp(2f)}, 2));
    assertNotEquals(one, TensorData.of(new int[] {0x3f800000, 0x40000000}, 2));
    assertNotEquals(TensorData.of(new float[] {0f}, 1), TensorData.of(new float[] {-0f}, 1));
  }

  @Test
  void dtypes_namesAndOrder_areTheFormats() {
    assertEquals(
        "[BOOL, F4, F6_E2M3, F6_E3M2, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, I16, U16, F16,"
            + " BF16, I32, U32, F32, C64, F64, I64, U64]",
        Arrays.toString(Dtype.values()));
    assertEquals(4, Dtype.F4.bits());
    for (Dtype dtype : Dtype.values()) {
      String digits = dtype.name().replaceAll("^[A-Z]+(\\d*).*$", "$1");
      assertEquals(digits.isEmpty() ? 8 : Integer.parseInt(digits), dtype.bits(), dtype.name());
    }
    assertTrue(Dtype.U64.compareTo(Dtype.F32) > 0);
  }
}
