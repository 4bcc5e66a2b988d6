package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/**
 * Routing by task, where the task of every input is told: its brick has weight 1, all others 0.
 *
 * <p>{@code w_e(task) = 1 if e = brickOf(task), else 0}. What routing without the task is measured against.
 */
public final class ByTask implements Router {

  private final int bricks;
  private final int[] brickOf;

  /**
   * A router over so many bricks.
   *
   * @param brickOf for each task, from 0, the place of its brick
   * @throws IllegalArgumentException if a place is not below {@code bricks}
   */
  public ByTask(int bricks, int... brickOf) {
    if (Arrays.stream(brickOf).anyMatch(brick -> brick < 0 || brick >= bricks)) {
      throw new IllegalArgumentException("expected places below " + bricks + ", got " + Arrays.toString(brickOf));
    }
    this.bricks = bricks;
    this.brickOf = brickOf.clone();
  }

  /**
   * {@inheritDoc}
   *
   * @param tasks {@code [rows]}, int64
   * @throws UsageException if a task is not known
   */
  @Override
  public Tensor weights(Tensor tasks) {
    long[] numbers = Tensors.toLongs(tasks);
    float[] weights = new float[numbers.length * bricks];
    for (int row = 0; row < numbers.length; row++) {
      if (numbers[row] < 0 || numbers[row] >= brickOf.length) {
        throw new UsageException("expected a task from 0 to " + (brickOf.length - 1) + ", got " + numbers[row]
            + ": tell one of these, or choose a router that looks at the input");
      }
      weights[row * bricks + brickOf[(int) numbers[row]]] = 1;
    }
    return Tensors.floats(weights, numbers.length, bricks);
  }
}
