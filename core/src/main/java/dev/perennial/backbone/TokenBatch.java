package dev.perennial.backbone;

import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Token sequences side by side, padded to the longest of them.
 *
 * @param ids {@code [rows, length]}, int64; padding is 0
 * @param mask {@code [rows, 1, 1, length]}, 0 for a token, negative infinity for padding; null where nothing is padded
 * @param lengths tokens of each row that are not padding
 */
record TokenBatch(Tensor ids, @Nullable Tensor mask, int[] lengths) {

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
        Tensors.longs(ids, rows, length), padded ? Tensors.floats(mask, rows, 1, 1, length) : null, lengths);
  }

  int rows() {
    return lengths.length;
  }

  /** Tokens of a row that are not padding. */
  int tokens(int row) {
    return lengths[row];
  }

  int length() {
    return (int) ids.size(1);
  }
}
