package dev.perennial.shrink;

import dev.perennial.UsageException;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * BitStack: Fine-Grained Size Control for Compressed Large Language Models in Variable Memory Environments
 * (arXiv 2410.23918). With R the weight whose input channels have been scaled by s, again and again:
 *
 *   S = sign(R), 0 counted as +1      |R| ~ U_k diag(σ) V_kᵀ by SVD      block = (S, U_k √σ, √σ V_kᵀ)
 *   R <- R - S ∘ (U_k σ V_kᵀ)
 *
 * and W ~ (sum of S ∘ (U V)) / s. A block has about one bit a weight. The factors are rounded to float16 before the
 * residual is taken, so that later blocks make good for that too. The k leading left vectors of |R| are those of
 * |R| |R|ᵀ, the smaller of the two products of it with itself, and then the other side is U_kᵀ |R|.
 *
 * A matrix of very many rows, such as the vectors of words, is cut into chunks of rows, so that its blocks are not much
 * larger than those of others. Part p belongs to chunk p mod chunks.
 *
 * The first part of a chunk begins with s, float16, where there is one. Then every part is: the signs row by row, a bit each,
 * 1 for plus; U √σ [rows, k] and √σ Vᵀ [k, columns], float16.
 */
/**
 * A weight as a stack of blocks that add up: any number of them, from the first on, is an approximation.
 *
 * @param rank k of the magnitudes, 1 or more; a smaller matrix has a smaller one
 * @param blocks in the stack
 * @param scaled whether input channels are scaled
 * @param chunks of rows, each with blocks of its own: the first block of every chunk comes first, then the second ones
 */
record BitStack(int rank, int blocks, boolean scaled, int chunks) implements Coding {

  static final String NAME = "bitstack";
  private static final int MOST_BLOCKS = 64;
  private static final int MOST_CHUNKS = 1 << 16;
  private static final int ROWS_OF_A_CHUNK = 2048;

  /** Checks the ranges. */
  BitStack {
    if (rank < 1 || rank > 1024 || blocks < 1 || blocks > MOST_BLOCKS || chunks < 1 || chunks > MOST_CHUNKS) {
      throw new IllegalArgumentException("expected a rank of 1 to 1024, 1 to " + MOST_BLOCKS + " blocks and 1 to "
          + MOST_CHUNKS + " chunks, found " + rank + ", " + blocks + " and " + chunks);
    }
  }

  /** The coding of a file's settings. */
  static BitStack of(Map<String, Long> settings) {
    return new BitStack(small(settings, "rank"), small(settings, "blocks"), small(settings, "scaled") == 1,
        small(settings, "chunks"));
  }

  static int small(Map<String, Long> settings, String name) {
    long value = settings.getOrDefault(name, -1L);
    if (value < 0 || value > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("expected a whole number " + name + " of at most 31 bits, found " + value);
    }
    return (int) value;
  }

  /**
   * Decomposes a matrix. O(blocks * rows * columns * min(rows, columns)).
   *
   * @param weights {@code [rows, columns]}, finite
   * @param scale of each column, all above 0; null for none
   */
  static PackedTensor encode(
      float[] weights, int rows, int columns, float @Nullable [] scale, int blocks, int rank) {
    return encode(weights, rows, columns, scale, blocks, rank, rows > 2 * ROWS_OF_A_CHUNK ? ROWS_OF_A_CHUNK : rows);
  }

  static PackedTensor encode(
      float[] weights, int rows, int columns, float @Nullable [] scale, int blocks, int rank, int rowsOfAChunk) {
    return Scaled.encode(weights, divided -> encodeDivided(divided, rows, columns, scale, blocks, rank, rowsOfAChunk));
  }

  private static PackedTensor encodeDivided(
      float[] weights, int rows, int columns, float @Nullable [] scale, int blocks, int rank, int rowsOfAChunk) {
    LibTorch.load();
    int chunks = (rows - 1) / rowsOfAChunk + 1;
    int last = rows - (chunks - 1) * size(rows, chunks);
    var coding = new BitStack(Math.min(rank, Math.min(last, columns)), blocks, scale != null, chunks);
    List<Long> shape = List.of((long) rows, (long) columns);
    float[] rounded = scale == null ? null : rounded(scale);
    byte[][] parts = new byte[chunks * blocks][];
    for (int chunk = 0; chunk < chunks; chunk++) {
      int from = coding.from(rows, chunk);
      int count = coding.from(rows, chunk + 1) - from;
      float[] residual = Arrays.copyOfRange(weights, from * columns, (from + count) * columns);
      for (int i = 0; i < residual.length && rounded != null; i++) {
        residual[i] *= rounded[i % columns];
      }
      for (int block = 0; block < blocks; block++) {
        int place = block * chunks + chunk;
        byte[] part = new byte[Math.toIntExact(coding.bytes(shape, place))];
        int head = coding.head(place, columns);
        for (int j = 0; j < head / 2 && rounded != null; j++) {
          Bits.putHalf(part, 2 * j, rounded[j]);
        }
        for (int i = 0; i < residual.length; i++) {
          if (residual[i] >= 0) {
            Bits.set(part, head, i);
          }
        }
        factors(residual, count, columns, coding.rank, part, head + Math.toIntExact(Bits.bytes(residual.length)));
        add(part, head, count, columns, coding.rank, -1, residual, 0);
        parts[place] = part;
      }
    }
    return new PackedTensor(coding, shape, Arrays.asList(parts));
  }

  private static float[] rounded(float[] scale) {
    float[] rounded = new float[scale.length];
    for (int j = 0; j < scale.length; j++) {
      rounded[j] = Float.float16ToFloat(Float.floatToFloat16(scale[j]));
      if (!(rounded[j] > 0) || Float.isInfinite(rounded[j])) {
        throw new UsageException("expected scales of input channels that float16 holds, got " + scale[j]);
      }
    }
    return rounded;
  }

  /** Rows of all chunks but the last, which may have fewer. */
  private static int size(int rows, int chunks) {
    return (rows - 1) / chunks + 1;
  }

  /** The first row of a chunk. */
  private int from(int rows, int chunk) {
    return Math.min(rows, chunk * size(rows, chunks));
  }

  /** Bytes of the scales at the beginning of a part. */
  private int head(int part, int columns) {
    return scaled && part < chunks ? 2 * columns : 0;
  }

  /** Writes U √σ and √σ Vᵀ of the magnitudes. */
  private static void factors(float[] residual, int rows, int columns, int k, byte[] part, int offset) {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor magnitudes = Tensors.floats(residual, rows, columns).abs_().to(torch.ScalarType.Double);
      boolean wide = rows <= columns;
      Tensor square = wide ? magnitudes.mm(magnitudes.t()) : magnitudes.t().mm(magnitudes);
      // Ascending: the last vectors are the leading ones.
      Tensor leading = torch.linalg_eigh(square).get1().narrow(1, square.size(0) - k, k).contiguous();
      // [k, columns] or [k, rows]: σ times the vectors of the other side.
      Tensor other = wide ? leading.t().mm(magnitudes) : leading.t().mm(magnitudes.t());
      double[] near = Tensors.toDoubles(leading);
      double[] far = Tensors.toDoubles(other);
      int nearSize = wide ? rows : columns;
      int farSize = wide ? columns : rows;
      int second = offset + 2 * rows * k;
      for (int v = 0; v < k; v++) {
        // The leading vector comes first.
        int from = k - 1 - v;
        double norm = 0;
        for (int i = 0; i < farSize; i++) {
          norm += far[from * farSize + i] * far[from * farSize + i];
        }
        double root = Math.sqrt(Math.sqrt(norm));
        for (int i = 0; i < nearSize; i++) {
          put(part, offset, second, wide, i, v, k, columns, near[i * k + from] * root);
        }
        for (int i = 0; i < farSize; i++) {
          put(part, offset, second, !wide, i, v, k, columns, root == 0 ? 0 : far[from * farSize + i] / root);
        }
      }
    }
  }

  private static void put(
      byte[] part, int first, int second, boolean left, int i, int v, int k, int columns, double value) {
    Bits.putHalf(part, left ? first + 2 * (i * k + v) : second + 2 * (v * columns + i), (float) value);
  }

  /** Adds {@code sign * S ∘ (U V)}, the same to the bit on every machine. */
  private static void add(byte[] part, int head, int rows, int columns, int k, float sign, float[] target,
      int offset) {
    int at = head + Math.toIntExact(Bits.bytes((long) rows * columns));
    float[] left = Bits.halves(part, at, rows * k);
    float[] right = Bits.halves(part, at + 2 * rows * k, k * columns);
    float[] row = new float[columns];
    for (int i = 0; i < rows; i++) {
      Arrays.fill(row, 0);
      for (int v = 0; v < k; v++) {
        float factor = left[i * k + v];
        int from = v * columns;
        for (int j = 0; j < columns; j++) {
          row[j] += factor * right[from + j];
        }
      }
      int start = i * columns;
      for (int j = 0; j < columns; j++) {
        target[offset + start + j] += Bits.get(part, head, start + j) ? sign * row[j] : -sign * row[j];
      }
    }
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Long> settings() {
    return Map.of("rank", (long) rank, "blocks", (long) blocks, "scaled", scaled ? 1L : 0L,
        "chunks", (long) chunks);
  }

  @Override
  public int least() {
    return chunks;
  }

  @Override
  public int most() {
    return blocks * chunks;
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    int rows = Coding.rows(shape);
    int columns = Coding.columns(shape);
    long last = rows - (chunks - 1L) * size(rows, chunks);
    if (last < 1 || rank > Math.min(last, columns)) {
      throw new IllegalArgumentException("expected chunks of at least as many rows and columns as the rank " + rank
          + ", found " + chunks + " of the shape " + shape);
    }
    long count = from(rows, part % chunks + 1) - from(rows, part % chunks);
    return Bits.bytes(count * columns) + 2L * rank * (count + columns) + head(part, columns);
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    int rows = Coding.rows(shape);
    int columns = Coding.columns(shape);
    float[] weights = new float[Coding.size(shape)];
    for (int part = 0; part < parts.size(); part++) {
      int from = from(rows, part % chunks);
      int count = from(rows, part % chunks + 1) - from;
      add(parts.get(part), head(part, columns), count, columns, rank, 1, weights, from * columns);
    }
    if (scaled) {
      float[] scale = Bits.halves(parts.getFirst(), 0, columns);
      for (int i = 0; i < weights.length; i++) {
        weights[i] /= scale[i % columns];
      }
    }
    return TensorData.of(weights, rows, columns);
  }
}
