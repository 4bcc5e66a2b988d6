package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A fixed random layer that makes features linearly separable: {@code h = relu(R x / |x|)}.
 *
 * <p>R is {@code [features, width]} with independent normal entries, a function of the seed alone, and is never stored.
 * Source: G-ACIL (arXiv 2403.15706), RanPAC (arXiv 2307.02251).
 */
public final class RandomProjection implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final Tensor matrix;

  /** O(width * features). */
  public RandomProjection(int width, int features, CounterRandom random) {
    try (TensorScope scope = TensorScope.inference()) {
      float[] entries = new float[Math.multiplyExact(width, features)];
      for (int i = 0; i < entries.length; i++) {
        entries[i] = (float) random.gaussian(i);
      }
      matrix = owner.keep(Tensors.floats(entries, width, features));
    }
  }

  /** {@code [rows, features]}, float32, of {@code [rows, width]}. */
  public Tensor apply(Tensor input) {
    return torch.relu_(torch.mm(torch.normalize(input), matrix));
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
