package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.tensor.TensorData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Bit layouts against bytes worked out by hand, and codes against formulas in plain Java. */
final class CodingsTest {

  @Test
  void nested_aRowOverItsWholeRange_hasCodesByTheFormulaAndPlanesThatAreTheirBits() {
    float[] weights = new float[128];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = (2 * i - 127) / 127f;
    }
    PackedTensor packed = NestedBits.encode(weights, 1, 128, 8);
    assertEquals(8, packed.parts().size());
    for (int i = 0; i < weights.length; i++) {
      int code = Math.min(255, (int) Math.floor((weights[i] + 1.0) / 2 * 256));
      int found = 0;
      for (byte[] plane : packed.parts()) {
        found = found << 1 | (plane[i / 8] >> 7 - i % 8 & 1);
      }
      assertEquals(code, found);
    }
    for (int bits = 1; bits <= 8; bits++) {
      // 2^bits cells over [-1, 1): every weight is within half a cell, and a little for what float16 rounds.
      float[] decoded = packed.decode(bits).floats();
      for (int i = 0; i < weights.length; i++) {
        assertEquals(weights[i], decoded[i], 1.0 / (1 << bits) + 4e-3);
      }
    }
  }

  @Test
  void nested_correction_isLeastSquaresOfTheRowOnItsCodes() {
    float[] weights = Matrices.normal(3, 2 * 100);
    PackedTensor packed = NestedBits.encode(weights, 2, 100, 4);
    for (int bits : new int[] {2, 4}) {
      float[] decoded = packed.decode(bits).floats();
      for (int row = 0; row < 2; row++) {
        // What is left over has no mean, and nothing of the codes in it.
        double rest = 0;
        double along = 0;
        for (int i = 100 * row; i < 100 * (row + 1); i++) {
          rest += weights[i] - decoded[i];
          along += (weights[i] - decoded[i]) * decoded[i];
        }
        assertEquals(0, rest / 100, 1e-3);
        assertEquals(0, along / 100, 1e-3);
      }
    }
  }

  @Test
  void nested_tallMatrix_isTurnedSoThatScalesAreFew() {
    float[] weights = Matrices.normal(5, 200 * 4);
    PackedTensor packed = NestedBits.encode(weights, 200, 4, 8);
    assertEquals(100 + 4 * 4, packed.parts().getFirst().length);
    assertArrayEquals(weights, packed.decode().floats(), 0.03f);
  }

  @Test
  void sparse_aMatrix_isItsMaskAndItsNumbers() {
    PackedTensor packed = SparseCoding.encode(new float[] {0, 1, 0, 0, -2, 0, 0, 0, 0, 3}, 2, 5);
    byte[] part = packed.parts().getFirst();
    assertEquals(2 + 12, part.length);
    assertEquals((byte) 0b01001000, part[0]);
    assertEquals((byte) 0b01000000, part[1]);
    // 1.0f is 3F800000, lowest byte first.
    assertEquals((byte) 0x80, part[4]);
    assertEquals((byte) 0x3f, part[5]);
    assertEquals(TensorData.of(new float[] {0, 1, 0, 0, -2, 0, 0, 0, 0, 3}, 2, 5), packed.decode());
  }

  @Test
  void lowBits_aGroup_goesFromItsLeastToItsLargestNumber() {
    // Codes 0 1 2 3 of 2 bits over [-3, 3] / 4: 00011011, then a = 2 / 4 and d = 0; the second group is constant.
    PackedTensor packed = LowBits.encode(new float[] {-3, -1.2f, 1.2f, 3, 7, 7}, 1, 6, 2, 4);
    byte[] part = packed.parts().getFirst();
    assertEquals(2 + 2 * 4, part.length);
    assertEquals((byte) 0b00011011, part[0]);
    assertEquals(new Scaled(new LowBits(2, 4, 0), 2), packed.coding());
    assertEquals(0.5f, Bits.half(part, 2));
    assertEquals(0, Bits.half(part, 4));
    assertArrayEquals(new float[] {-3, -1, 1, 3, 7, 7}, packed.decode().floats());
    PackedTensor corrected = LowBits.with(packed, new float[] {2}, new float[] {0, 0.5f, 0, 0, 0, -1}, 1);
    assertArrayEquals(new float[] {-3, 0, 1, 3, 7, 5}, corrected.decode().floats());
  }

  @Test
  void pruning_halfOfAMatrix_isTheSmallerHalf() {
    float[] weights = {4, -1, 2, -3, 0.5f, 6, -5, 1};
    assertArrayEquals(new float[] {4, 0, 0, -3, 0, 6, -5, 0}, Pruning.unstructured(0.5).pruned(weights, 4));
    assertArrayEquals(new float[] {4, 0, 0, -3, 0, 6, -5, 0}, Pruning.structure("2:4").pruned(weights, 8));
    assertArrayEquals(new float[] {4, 0, 0, -3, 0, 6, -5, 0}, Pruning.structure("1:2").pruned(weights, 8));
    assertArrayEquals(new float[] {4, 0, 2, 0, 0.5f, 6, 0, 1}, Pruning.structure("3:4").pruned(new float[] {
        4, 0, 2, 0, 0.5f, 6, 0, 1}, 4));
    assertEquals(0.25, Pruning.structure("3:4").sparsity());
    // Rows of 3: the last group has one number, which stays.
    assertArrayEquals(new float[] {0, 2, 1, 0, 5, 3}, Pruning.structure("1:2").pruned(new float[] {1, 2, 1, 4, 5, 3}, 3));
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> Pruning.unstructured(1));
    assertThrows(UsageException.class, () -> Pruning.structure("5:4"));
    assertThrows(UsageException.class, () -> Pruning.structure("0:4"));
    assertThrows(UsageException.class, () -> Pruning.structure("two of four"));
    assertThrows(UsageException.class, () -> new ShrinkOptions(ShrinkOptions.Method.NESTED, 0, 1, 4));
    assertThrows(UsageException.class, () -> new DistillOptions(0, 1, 0.1, 1));
    Packed nested = Packed.byLevel(new LinkedHashMap<>(Map.of(
        "a", NestedBits.encode(Matrices.normal(1, 64), 8, 8, 4))));
    var options = ShrinkOptions.of(ShrinkOptions.Method.NESTED);
    assertThrows(UsageException.class, () -> Shrink.at(nested, options, 2.5));
    assertThrows(UsageException.class, () -> Shrink.at(nested, options, 9));
    assertEquals(List.of("a", "a"), Shrink.at(nested, options, 3).order());
  }
}
