package dev.perennial.backbone;

import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Token sequences side by side, padded to the longest of them, or packed: one behind the other, and padded for the
 * attention alone.
 *
 * @param ids {@code [rows, length]}, int64; padding is 0; or packed {@code [1, tokens]}
 * @param mask {@code [rows, 1, 1, length]}, 0 for a token, negative infinity for padding; null where nothing is padded
 * @param lengths tokens of each row that are not padding
 * @param packing where packed tokens belong; null where they are padded
 */
record TokenBatch(Tensor ids, @Nullable Tensor mask, int[] lengths, @Nullable Packing packing) {

  /**
   * Where packed tokens belong.
   *
   * @param length tokens of the longest row
   * @param positions of each token in its row, {@code [1, tokens]}, int64
   * @param padded the token at each place of all rows padded to {@code length}, {@code [rows * length]}, int64; any where
   *     there is none
   * @param places of the tokens among these, {@code [tokens]}, int64
   */
  record Packing(int length, Tensor positions, Tensor padded, Tensor places) {}

  /** The batch of rows that are {@link Row.Tokens}, at least one, in the open scope. */
  static TokenBatch of(List<Row> batch) {
    int[][] sequences = new int[batch.size()][];
    for (int row = 0; row < sequences.length; row++) {
      sequences[row] = ((Row.Tokens) batch.get(row)).ids();
    }
    int rows = sequences.length;
    int length = 1;
    boolean padded = false;
    for (int[] sequence : sequences) {
      padded |= sequence.length != sequences[0].length;
      length = Math.max(length, sequence.length);
    }
    long[] ids = new long[rows * length];
    float[] mask = padded ? new float[rows * length] : new float[0];
    int[] lengths = new int[rows];
    for (int row = 0; row < rows; row++) {
      int[] sequence = sequences[row];
      lengths[row] = sequence.length;
      for (int i = 0; i < sequence.length; i++) {
        ids[row * length + i] = sequence[i];
      }
      if (padded) {
        for (int i = sequence.length; i < length; i++) {
          mask[row * length + i] = Float.NEGATIVE_INFINITY;
        }
      }
    }
    return new TokenBatch(
        Tensors.longs(ids, rows, length), padded ? Tensors.floats(mask, rows, 1, 1, length) : null, lengths, null);
  }

  /** The same packed; rows of one length are as they are. */
  static TokenBatch packed(List<Row> batch) {
    TokenBatch side = of(batch);
    Tensor mask = side.mask;
    if (mask == null) {
      return side;
    }
    int rows = side.rows();
    int length = side.length();
    int tokens = Arrays.stream(side.lengths).sum();
    long[] ids = new long[tokens];
    long[] positions = new long[tokens];
    long[] places = new long[tokens];
    long[] padded = new long[rows * length];
    int token = 0;
    for (int row = 0; row < rows; row++) {
      int[] sequence = ((Row.Tokens) batch.get(row)).ids();
      for (int i = 0; i < sequence.length; i++, token++) {
        ids[token] = sequence[i];
        positions[token] = i;
        places[token] = (long) row * length + i;
        padded[row * length + i] = token;
      }
    }
    return new TokenBatch(Tensors.longs(ids, 1, tokens), mask, side.lengths, new Packing(
        length, Tensors.longs(positions, 1, tokens), Tensors.longs(padded, padded.length), Tensors.longs(places, tokens)));
  }

  int rows() {
    return lengths.length;
  }

  /** Tokens of a row that are not padding. */
  int tokens(int row) {
    return lengths[row];
  }

  int length() {
    return packing == null ? (int) ids.size(1) : packing.length;
  }
}
