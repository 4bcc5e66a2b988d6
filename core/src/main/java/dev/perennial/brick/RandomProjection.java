package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Sgemm;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A fixed random layer that makes features linearly separable: {@code h = relu(R x)}, where every level of x, the
 * features of one block, has been brought to length 1.
 *
 * <p>R is {@code [features, levels * width]} with independent normal entries, a function of the seed alone, and is never
 * stored. Source: G-ACIL (arXiv 2403.15706), RanPAC (arXiv 2307.02251).
 */
public final class RandomProjection implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final Tensor matrix;
  private final int levels;
  private final int width;

  /**
   * Draws R. O(levels * width * features).
   *
   * @param levels how many blocks' features there are side by side, at least 1
   * @param width of each
   * @param features to make of them
   */
  public RandomProjection(int levels, int width, int features, CounterRandom random) {
    this(levels, width, features, random, null);
  }

  /**
   * The same, drawn by several threads.
   *
   * @param workers that draw; null for the calling thread alone
   */
  public RandomProjection(int levels, int width, int features, CounterRandom random, @Nullable Workers workers) {
    this.levels = levels;
    this.width = width;
    try (TensorScope scope = TensorScope.inference()) {
      float[] entries = new float[Math.multiplyExact(levels * width, features)];
      if (workers == null) {
        draw(entries, 0, entries.length, random);
      } else {
        int part = Math.ceilDiv(entries.length, workers.size());
        var tasks = new ArrayList<Callable<Integer>>();
        for (int start = 0; start < entries.length; start += part) {
          int from = start;
          tasks.add(() -> draw(entries, from, Math.min(from + part, entries.length), random));
        }
        workers.run(tasks);
      }
      matrix = owner.keep(Tensors.floats(entries, (long) levels * width, features));
    }
  }

  private static int draw(float[] entries, int from, int to, CounterRandom random) {
    for (int i = from; i < to; i++) {
      entries[i] = (float) random.gaussian(i);
    }
    return to - from;
  }

  /** {@code [rows, features]}, float32, of {@code [rows, levels * width]}. */
  public Tensor apply(Tensor input) {
    Tensor unit = torch.normalize(input.reshape(-1, width)).view(-1, (long) levels * width);
    Tensor projected = torch.empty(unit.size(0), matrix.size(1));
    Sgemm.multiply(unit, false, matrix, false, unit.size(0), matrix.size(1), matrix.size(0), 0, projected);
    return torch.relu_(projected);
  }

  /** How many features there are. */
  public int features() {
    return (int) matrix.size(1);
  }

  @Override
  public void close() {
    owner.close();
  }
}
