package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.tensor.TensorData;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights of any size, in codings whose scales are float16. */
final class ScaledTest {

  private static final int ROWS = 12;
  private static final int COLUMNS = 20;

  private enum Coder {
    NESTED {
      @Override
      PackedTensor encode(float[] weights) {
        return NestedBits.encode(weights, ROWS, COLUMNS, 8);
      }
    },
    LOW_BITS {
      @Override
      PackedTensor encode(float[] weights) {
        return LowBits.encode(weights, ROWS, COLUMNS, 4, 5);
      }
    },
    BIT_STACK {
      @Override
      PackedTensor encode(float[] weights) {
        return BitStack.encode(weights, ROWS, COLUMNS, null, 4, 2);
      }
    },
    CHUNKS {
      @Override
      PackedTensor encode(float[] weights) {
        return BitStack.encode(weights, ROWS, COLUMNS, null, 2, 2, 4);
      }
    };

    abstract PackedTensor encode(float[] weights);
  }

  private static float[] times(float[] weights, int exponent) {
    float[] scaled = weights.clone();
    Scaled.multiply(scaled, exponent);
    return scaled;
  }

  /** float16 has no numbers below 6e-8 and above 65,504; even powers of two change nothing else. */
  @ParameterizedTest
  @EnumSource
  void encode_weightsOfAnySize_haveTheBitsOfThoseOfSizeOne(Coder coder) {
    float[] weights = Matrices.normal(7, ROWS * COLUMNS);
    PackedTensor one = coder.encode(weights);
    for (int exponent : new int[] {-100, -30, 30, 100}) {
      PackedTensor packed = coder.encode(times(weights, exponent));
      for (int part = 0; part < one.parts().size(); part++) {
        assertArrayEquals(one.parts().get(part), packed.parts().get(part));
      }
      assertArrayEquals(times(one.decode().floats(), exponent), packed.decode().floats());
    }
    float[] zeros = new float[ROWS * COLUMNS];
    assertArrayEquals(zeros, coder.encode(zeros).decode().floats());
  }

  @Test
  void encode_leastAndLargestNumbers_stayWithinTheRange() {
    float[] weights = new float[ROWS * COLUMNS];
    weights[0] = Float.MIN_VALUE;
    assertEquals(Float.MIN_EXPONENT, ((Scaled) Coder.NESTED.encode(weights).coding()).exponent());
    weights[0] = Float.MAX_VALUE;
    PackedTensor largest = Coder.LOW_BITS.encode(weights);
    assertEquals(126, ((Scaled) largest.coding()).exponent());
    // The middle of the first group is rounded to 11 bits.
    assertEquals(1, largest.decode().floats()[0] / Float.MAX_VALUE, 1e-3);
  }

  /** A product is that of its two sides, whatever the weights beside it were divided by. */
  @ParameterizedTest
  @ValueSource(ints = {-20, 0, 12})
  void lowBits_aProduct_isAddedAsItWas(int exponent) {
    float[] weights = times(Matrices.normal(8, ROWS * COLUMNS), exponent);
    PackedTensor codes = LowBits.encode(weights, ROWS, COLUMNS, 4, 5);
    float[] up = times(Matrices.normal(9, ROWS), exponent);
    float[] down = Matrices.normal(10, COLUMNS);
    float[] corrected = LowBits.with(codes, up, down, 1).decode().floats();
    float[] plain = codes.decode().floats();
    for (int i = 0; i < corrected.length; i++) {
      double product = (double) up[i / COLUMNS] * down[i % COLUMNS];
      // Each side is rounded to 11 bits, and the sum to 24.
      double tolerance = Math.scalb(Math.abs(product), -9) + Math.scalb(Math.abs(plain[i]), -23);
      assertEquals(plain[i] + product, corrected[i], tolerance + Float.MIN_VALUE);
    }
  }

  @Test
  void settings_areReadBack_thoseOfFilesWithoutAnExponentToo() {
    var nested = new NestedBits(true);
    for (int exponent : new int[] {-127, -21, 0, 127}) {
      var scaled = new Scaled(nested, exponent);
      assertEquals(scaled, Scaled.of(NestedBits.of(scaled.settings()), scaled.settings()));
    }
    assertEquals(nested, Scaled.of(nested, nested.settings()));
    assertThrows(IllegalArgumentException.class, () -> Scaled.of(nested, Map.of("exponent", 255L)));
  }

  /** Where nothing was divided, what was coded is what was meant. */
  @Test
  void decode_aFileWithoutAnExponent_isAsItWas() {
    PackedTensor packed = Coder.BIT_STACK.encode(Matrices.normal(11, ROWS * COLUMNS));
    Scaled scaled = (Scaled) packed.coding();
    assertFalse(scaled.coding().settings().containsKey(Scaled.EXPONENT));
    TensorData before = new PackedTensor(scaled.coding(), packed.shape(), packed.parts()).decode();
    assertArrayEquals(times(before.floats(), scaled.exponent()), packed.decode().floats());
  }
}
