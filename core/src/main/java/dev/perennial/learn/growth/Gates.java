package dev.perennial.learn.growth;

import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** Gates that need no learning: {@code [rows, bricks]}. */
final class Gates {

  private Gates() {}

  /** All of each row to one brick; nothing where its number is -1. */
  static Tensor oneHot(long[] brickOfRow, int bricks) {
    float[] gates = new float[brickOfRow.length * bricks];
    for (int row = 0; row < brickOfRow.length; row++) {
      if (brickOfRow[row] >= 0) {
        gates[row * bricks + (int) brickOfRow[row]] = 1;
      }
    }
    return Tensors.floats(gates, brickOfRow.length, bricks);
  }

  /** All of every row to one brick. */
  static Tensor all(long rows, int brick, int bricks) {
    long[] same = new long[(int) rows];
    Arrays.fill(same, brick);
    return oneHot(same, bricks);
  }

  /** The place of the largest number of each row; the first of equal ones. */
  static long[] best(Tensor scores) {
    int columns = (int) scores.size(1);
    float[] all = Tensors.toFloats(scores);
    long[] best = new long[(int) scores.size(0)];
    for (int row = 0; row < best.length; row++) {
      for (int i = 1; i < columns; i++) {
        if (all[row * columns + i] > all[row * columns + (int) best[row]]) {
          best[row] = i;
        }
      }
    }
    return best;
  }
}
