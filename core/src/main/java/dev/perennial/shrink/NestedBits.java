package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/*
 * Matryoshka weight quantisation, of D²MoE: Dual Routing and Dynamic Scheduling for Efficient On-Device MoE-based LLM
 * Serving (arXiv 2504.15299): the b-bit code of a weight is the first b bits of its 8-bit code. A row, which is an output
 * channel, has one grid of 256 cells over [-c, c):
 *
 *   q = clamp(floor((w + c) / (2 c) * 256), 0, 255)      q_b = q >> (8 - b)      w_b = a_b (q_b + 1/2 - 2^(b-1)) + d_b
 *
 * a_b and d_b correct the middles of the cells to what lies in them: least squares of w on the codes of its row, rounded
 * to float16, for each b. c is the share of the largest magnitude of the row that has the least error at `focus` bits.
 *
 * Part p is one plane: bit 7 - p of every code, row by row, and then (a, d) of b = p + 1 for every row, float16.
 */
/**
 * A weight of 8 bits of which any number of the top ones are a weight too, a scale and a shift a row.
 *
 * @param turned whether the rows that are meant are the matrix's columns: where those are longer
 */
record NestedBits(boolean turned) implements Coding {

  static final String NAME = "nested";
  private static final int BITS = 8;
  private static final int CLIPS = 14;
  private static final int SHORT = 64;
  private static final String TURNED = "turned";

  /** The coding of a file's settings. */
  static NestedBits of(Map<String, Long> settings) {
    return new NestedBits(BitStack.small(settings, TURNED) == 1);
  }

  /**
   * Quantises a matrix to 8 nested bits. O(rows * columns).
   *
   * @param weights {@code [rows, columns]}, finite
   * @param focus bits that the grid is best at, 1 to 8
   */
  static PackedTensor encode(float[] weights, int rows, int columns, int focus) {
    return Scaled.encode(weights, divided -> {
      // Rows of few numbers would be outweighed by their scales.
      boolean turned = columns < SHORT && rows > columns;
      List<byte[]> parts = turned
          ? parts(turned(divided, rows, columns), columns, rows, focus)
          : parts(divided, rows, columns, focus);
      return new PackedTensor(new NestedBits(turned), List.of((long) rows, (long) columns), parts);
    });
  }

  private static float[] turned(float[] weights, int rows, int columns) {
    float[] turned = new float[weights.length];
    for (int i = 0; i < weights.length; i++) {
      turned[i % columns * rows + i / columns] = weights[i];
    }
    return turned;
  }

  private static float largest(float[] weights, int start, int columns) {
    float largest = 0;
    for (int j = 0; j < columns; j++) {
      largest = Math.max(largest, Math.abs(weights[start + j]));
    }
    return largest;
  }

  private static List<byte[]> parts(float[] weights, int rows, int columns, int focus) {
    int plane = Math.toIntExact(Bits.bytes(weights.length));
    var parts = new ArrayList<byte[]>();
    for (int part = 0; part < BITS; part++) {
      parts.add(new byte[plane + 4 * rows]);
    }
    for (int row = 0; row < rows; row++) {
      int start = row * columns;
      int[] codes = best(weights, start, columns, focus);
      for (int part = 0; part < BITS; part++) {
        byte[] bytes = parts.get(part);
        for (int j = 0; j < columns; j++) {
          if ((codes[j] >> BITS - 1 - part & 1) != 0) {
            Bits.set(bytes, 0, start + j);
          }
        }
        float[] line = line(weights, start, codes, part + 1);
        Bits.putHalf(bytes, plane + 4 * row, line[0]);
        Bits.putHalf(bytes, plane + 4 * row + 2, line[1]);
      }
    }
    return parts;
  }

  private static int[] best(float[] weights, int start, int columns, int focus) {
    float largest = largest(weights, start, columns);
    int[] best = codes(weights, start, columns, largest);
    double least = error(weights, start, best, focus);
    for (int clip = CLIPS - 1; clip > CLIPS / 3; clip--) {
      int[] codes = codes(weights, start, columns, largest * clip / CLIPS);
      double error = error(weights, start, codes, focus);
      if (error < least) {
        least = error;
        best = codes;
      }
    }
    return best;
  }

  private static int[] codes(float[] weights, int start, int columns, float clip) {
    int[] codes = new int[columns];
    for (int j = 0; j < columns; j++) {
      double place = clip == 0 ? 128 : (weights[start + j] + (double) clip) / (2.0 * clip) * 256;
      codes[j] = Math.clamp((long) Math.floor(place), 0, 255);
    }
    return codes;
  }

  private static double error(float[] weights, int start, int[] codes, int bits) {
    float[] line = line(weights, start, codes, bits);
    double error = 0;
    for (int j = 0; j < codes.length; j++) {
      double difference = weights[start + j] - value(codes[j] >> BITS - bits, bits, line[0], line[1]);
      error += difference * difference;
    }
    return error;
  }

  /** The scale and the shift that fit a row best at so many bits, as float16 holds them. */
  private static float[] line(float[] weights, int start, int[] codes, int bits) {
    double x = 0;
    double y = 0;
    double xx = 0;
    double xy = 0;
    for (int j = 0; j < codes.length; j++) {
      double middle = value(codes[j] >> BITS - bits, bits, 1, 0);
      x += middle;
      y += weights[start + j];
      xx += middle * middle;
      xy += middle * weights[start + j];
    }
    double n = codes.length;
    double spread = xx - x * x / n;
    double scale = spread > 0 ? (xy - x * y / n) / spread : 0;
    float scaleHalf = Float.float16ToFloat(Float.floatToFloat16((float) scale));
    return new float[] {scaleHalf, Float.float16ToFloat(Float.floatToFloat16((float) ((y - scaleHalf * x) / n)))};
  }

  private static float value(int code, int bits, float scale, float shift) {
    return scale * (code + 0.5f - (1 << bits - 1)) + shift;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Long> settings() {
    return Map.of(TURNED, turned ? 1L : 0L);
  }

  @Override
  public int most() {
    return BITS;
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    return Bits.bytes(Coding.size(shape)) + 4 * (turned ? shape.getLast() : shape.getFirst());
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    int rows = turned ? Coding.columns(shape) : Coding.rows(shape);
    int columns = turned ? Coding.rows(shape) : Coding.columns(shape);
    int[] codes = new int[rows * columns];
    for (byte[] part : parts) {
      for (int i = 0; i < codes.length; i++) {
        codes[i] = codes[i] << 1 | (Bits.get(part, 0, i) ? 1 : 0);
      }
    }
    float[] weights = new float[codes.length];
    byte[] last = parts.getLast();
    int lines = Math.toIntExact(Bits.bytes(codes.length));
    for (int row = 0; row < rows; row++) {
      float scale = Bits.half(last, lines + 4 * row);
      float shift = Bits.half(last, lines + 4 * row + 2);
      for (int i = row * columns; i < (row + 1) * columns; i++) {
        weights[i] = value(codes[i], parts.size(), scale, shift);
      }
    }
    return turned
        ? TensorData.of(turned(weights, rows, columns), columns, rows)
        : TensorData.of(weights, rows, columns);
  }
}
