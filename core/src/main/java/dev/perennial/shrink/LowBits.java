package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;

/*
 * Part 0: b bits a code, row by row, the highest bit first, and then (a, d) of every group of a row, float16.
 * Part 1, where rank > 0: B [rows, rank] and A [rank, columns], float16.
 *
 *   w = a (code + 1/2 - 2^(b-1)) + d + (B A)
 */
/**
 * A weight of few bits, with a scale and a shift for each group of a row, and a low-rank product added to it.
 *
 * @param bits of a code, 1 to 8
 * @param group columns that share a scale; the last group of a row may be smaller
 * @param rank of the product; 0 for none
 */
record LowBits(int bits, int group, int rank) implements Coding {

  static final String NAME = "lowbits";

  /** Checks the ranges. */
  LowBits {
    if (bits < 1 || bits > 8 || group < 1 || rank < 0 || rank > 1024) {
      throw new IllegalArgumentException("expected 1 to 8 bits, a group of 1 or more and a rank of 0 to 1024, found " + bits
          + ", " + group + " and " + rank);
    }
  }

  /** The coding of a file's settings. */
  static LowBits of(Map<String, Long> settings) {
    return new LowBits(BitStack.small(settings, "bits"), BitStack.small(settings, "group"),
        BitStack.small(settings, "rank"));
  }

  /**
   * Quantises a matrix, each group over the range of its numbers.
   *
   * @param weights {@code [rows, columns]}, finite
   */
  static PackedTensor encode(float[] weights, int rows, int columns, int bits, int group) {
    return Scaled.encode(weights, divided -> encodeDivided(divided, rows, columns, bits, group));
  }

  private static PackedTensor encodeDivided(float[] weights, int rows, int columns, int bits, int group) {
    var coding = new LowBits(bits, group, 0);
    List<Long> shape = List.of((long) rows, (long) columns);
    byte[] part = new byte[Math.toIntExact(coding.bytes(shape, 0))];
    int groups = coding.groups(columns);
    int lines = Math.toIntExact(Bits.bytes((long) bits * weights.length));
    for (int row = 0; row < rows; row++) {
      for (int g = 0; g < groups; g++) {
        int from = row * columns + g * group;
        int to = Math.min(from + group, (row + 1) * columns);
        float least = weights[from];
        float largest = weights[from];
        for (int i = from; i < to; i++) {
          least = Math.min(least, weights[i]);
          largest = Math.max(largest, weights[i]);
        }
        int at = lines + 4 * (row * groups + g);
        int levels = 1 << bits;
        // The outermost codes are the outermost numbers.
        Bits.putHalf(part, at, (largest - least) / (levels - 1));
        Bits.putHalf(part, at + 2, (largest + least) / 2);
        float scale = Bits.half(part, at);
        float shift = Bits.half(part, at + 2);
        for (int i = from; i < to; i++) {
          double place = scale == 0 ? 0 : (weights[i] - shift) / scale + levels / 2.0 - 0.5;
          int code = Math.clamp(Math.round(place), 0, levels - 1);
          for (int bit = 0; bit < bits; bit++) {
            if ((code >> bits - 1 - bit & 1) != 0) {
              Bits.set(part, 0, i * bits + bit);
            }
          }
        }
      }
    }
    return new PackedTensor(coding, shape, List.of(part));
  }

  /** The same matrix with a product added. */
  static PackedTensor with(PackedTensor codes, float[] up, float[] down, int rank) {
    Scaled scaled = (Scaled) codes.coding();
    LowBits plain = (LowBits) scaled.coding();
    byte[] product = new byte[2 * (up.length + down.length)];
    for (int i = 0; i < up.length + down.length; i++) {
      // One of the two is divided as the weights are.
      Bits.putHalf(product, 2 * i, i < up.length ? Math.scalb(up[i], -scaled.exponent()) : down[i - up.length]);
    }
    return new PackedTensor(new Scaled(new LowBits(plain.bits, plain.group, rank), scaled.exponent()), codes.shape(),
        List.of(codes.parts().getFirst(), product));
  }

  private int groups(int columns) {
    return (columns - 1) / group + 1;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Long> settings() {
    return Map.of("bits", (long) bits, "group", (long) group, "rank", (long) rank);
  }

  @Override
  public int least() {
    return most();
  }

  @Override
  public int most() {
    return rank > 0 ? 2 : 1;
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    int size = Coding.size(shape);
    if ((long) bits * size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("expected at most 2^31 bits in all, found " + bits + " for each of " + size);
    }
    return part == 0
        ? Bits.bytes((long) bits * size) + 4 * shape.getFirst() * groups(shape.getLast().intValue())
        : 2 * rank * (shape.getFirst() + shape.getLast());
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    int rows = Coding.rows(shape);
    int columns = Coding.columns(shape);
    byte[] codes = parts.getFirst();
    float[] weights = new float[rows * columns];
    int groups = groups(columns);
    int lines = Math.toIntExact(Bits.bytes((long) bits * weights.length));
    for (int i = 0; i < weights.length; i++) {
      int code = 0;
      for (int bit = 0; bit < bits; bit++) {
        code = code << 1 | (Bits.get(codes, 0, i * bits + bit) ? 1 : 0);
      }
      int at = lines + 4 * (i / columns * groups + i % columns / group);
      weights[i] = Bits.half(codes, at) * (code + 0.5f - (1 << bits - 1)) + Bits.half(codes, at + 2);
    }
    if (rank > 0) {
      float[] up = Bits.halves(parts.getLast(), 0, rows * rank);
      float[] down = Bits.halves(parts.getLast(), 2 * rows * rank, rank * columns);
      for (int i = 0; i < rows; i++) {
        for (int v = 0; v < rank; v++) {
          for (int j = 0; j < columns; j++) {
            weights[i * columns + j] += up[i * rank + v] * down[v * columns + j];
          }
        }
      }
    }
    return TensorData.of(weights, rows, columns);
  }
}
