package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.TensorData;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class BitStackTest {

  @Test
  void encode_magnitudesOfRankOne_areExactAfterOneBlockAndLaidOutByHand() {
    // |W| = (1, 2)ᵀ (2, 4, 6) / 2 has one singular value √5 √14; signs + - + / - + -.
    float[] weights = {1, -2, 3, -2, 4, -6};
    PackedTensor packed = BitStack.encode(weights, 2, 3, null, 1, 1);
    byte[] part = packed.parts().getFirst();
    assertEquals(1 + 2 * (2 + 3), part.length);
    assertEquals((byte) 0b10101000, part[0]);
    // U √σ = (1, 2) √(√14 / √5) and √σ Vᵀ = (1, 2, 3) √(√5 / √14), up to one sign for both. What is coded is W / 4, so that
    // each of them is divided by 2.
    assertEquals(new Scaled(new BitStack(1, 1, false, 1), 2), packed.coding());
    double left = Math.pow(14.0 / 5, 0.25);
    assertEquals(left / 2, Math.abs(Bits.half(part, 1)), 1e-3);
    assertEquals(left, Math.abs(Bits.half(part, 3)), 2e-3);
    assertEquals(3 / left / 2, Math.abs(Bits.half(part, 9)), 2e-3);
    assertArrayEquals(weights, packed.decode().floats(), 6e-3f);
  }

  /** The residuals of plain Java: the leading triplets of the magnitudes by power iteration with deflation. */
  @Test
  void encode_twoBlocks_areThoseOfPowerIteration() {
    int rows = 9;
    int columns = 13;
    float[] weights = Matrices.normal(1, rows * columns);
    PackedTensor packed = BitStack.encode(weights, rows, columns, null, 2, 3);
    double[] residual = new double[weights.length];
    for (int i = 0; i < residual.length; i++) {
      residual[i] = weights[i];
    }
    for (int block = 1; block <= 2; block++) {
      double[] low = leading(residual, rows, columns, 3);
      for (int i = 0; i < residual.length; i++) {
        residual[i] -= (residual[i] >= 0 ? 1 : -1) * low[i];
      }
      float[] found = packed.decode(block).floats();
      for (int i = 0; i < residual.length; i++) {
        assertEquals(weights[i] - residual[i], found[i], 1e-2);
      }
    }
  }

  private static double[] leading(double[] matrix, int rows, int columns, int rank) {
    double[] rest = new double[matrix.length];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = Math.abs(matrix[i]);
    }
    double[] sum = new double[matrix.length];
    for (int r = 0; r < rank; r++) {
      double[] right = new double[columns];
      Arrays.fill(right, 1);
      right[r] = 3;
      double[] left = new double[rows];
      for (int turn = 0; turn < 20_000; turn++) {
        double length = 0;
        for (int i = 0; i < rows; i++) {
          left[i] = 0;
          for (int j = 0; j < columns; j++) {
            left[i] += rest[i * columns + j] * right[j];
          }
          length += left[i] * left[i];
        }
        for (int i = 0; i < rows; i++) {
          left[i] /= Math.sqrt(length);
        }
        for (int j = 0; j < columns; j++) {
          right[j] = 0;
          for (int i = 0; i < rows; i++) {
            right[j] += rest[i * columns + j] * left[i];
          }
        }
      }
      for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
          sum[i * columns + j] += left[i] * right[j];
          rest[i * columns + j] -= left[i] * right[j];
        }
      }
    }
    return sum;
  }

  @Test
  void encode_scaledColumns_areFitBestWhereTheyAreLarge() {
    int rows = 16;
    int columns = 16;
    float[] weights = Matrices.normal(4, rows * columns);
    float[] scale = new float[columns];
    Arrays.fill(scale, 1);
    scale[5] = 64;
    PackedTensor plain = BitStack.encode(weights, rows, columns, null, 1, 2);
    PackedTensor scaled = BitStack.encode(weights, rows, columns, scale, 1, 2);
    assertEquals(plain.parts().getFirst().length + 2 * columns, scaled.parts().getFirst().length);
    assertTrue(columnError(weights, scaled, 5) < 0.2 * columnError(weights, plain, 5));
  }

  private static double columnError(float[] weights, PackedTensor packed, int column) {
    float[] found = packed.decode().floats();
    double sum = 0;
    for (int i = column; i < weights.length; i += 16) {
      sum += Math.pow(weights[i] - found[i], 2);
    }
    return sum;
  }

  /** Chunks of rows are matrices of their own, and the first of them gets its next block first. */
  @Test
  void encode_chunksOfRows_areStacksOfTheirOwn() {
    float[] weights = Matrices.normal(6, 10 * 8);
    float[] scale = Matrices.normal(7, 8);
    for (int j = 0; j < scale.length; j++) {
      scale[j] = Math.abs(scale[j]) + 0.5f;
    }
    PackedTensor packed = BitStack.encode(weights, 10, 8, scale, 3, 2, 4);
    assertEquals(9, packed.parts().size());
    assertEquals(3, packed.levels());
    for (int chunk = 0; chunk < 3; chunk++) {
      int from = 4 * chunk;
      int rows = Math.min(4, 10 - from);
      PackedTensor alone = BitStack.encode(
          Arrays.copyOfRange(weights, 8 * from, 8 * (from + rows)), rows, 8, scale, 3, 2);
      for (int parts = 3; parts <= 9; parts++) {
        int blocks = (parts - chunk - 1) / 3 + 1;
        assertArrayEquals(alone.decode(blocks).floats(),
            Arrays.copyOfRange(packed.decode(parts).floats(), 8 * from, 8 * (from + rows)));
      }
    }
  }

  @Test
  void piles_ofAnySize_areBeginningsAndRefuseWhatIsTooSmall() {
    var tensors = new LinkedHashMap<String, PackedTensor>();
    tensors.put("a", BitStack.encode(Matrices.normal(1, 256), 16, 16, null, 3, 1));
    tensors.put("b", BitStack.encode(Matrices.normal(2, 512), 16, 32, null, 3, 1));
    var packed = new Packed(tensors, List.of("b", "a", "a", "b"));
    long a = 32 + 64;
    long b = 64 + 96;
    assertEquals(3 * (a + b), packed.bytes());
    assertEquals(List.of("b", "a", "a"), packed.within(3 * a + 2 * b).order());
    assertEquals(List.of("b"), packed.within(2 * a + 2 * b - 1).order());
    assertEquals(List.of(), packed.within(a + b).order());
    assertThrows(UsageException.class, () -> packed.within(a + b - 1));
    assertEquals(List.of("b", "a"), packed.atBits(8.0 * (2 * a + 2 * b) / 768).order());
    assertEquals(8.0 * (2 * a + 2 * b) / 768, packed.atLevel(2).bitsPerWeight(), 1e-12);
    assertThrows(UsageException.class, () -> packed.atBits(1));
  }

  @Test
  void byError_blocks_areOrderedByWhatTheyTakeAwayForTheirBytes() {
    // The second block of the large numbers takes away more than that of the small ones.
    float[] small = Matrices.normal(1, 256);
    float[] large = Matrices.normal(2, 256);
    for (int i = 0; i < large.length; i++) {
      large[i] *= 10;
    }
    var tensors = Map.of("a", TensorData.of(small, 16, 16), "b",
        TensorData.of(large, 16, 16));
    Packed packed = Shrink.of(tensors, ShrinkOptions.DEFAULT, ShrinkProgress.NONE);
    assertEquals(List.of("b", "a", "b", "a"), packed.order().subList(0, 4));
  }
}
