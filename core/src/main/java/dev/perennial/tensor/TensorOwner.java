package dev.perennial.tensor;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The holder of tensors that outlive the step that made them: weights, bricks, statistics, caches.
 *
 * <p>Closing it frees them. Not safe for use by several threads at once.
 */
public final class TensorOwner implements AutoCloseable {

  private final List<Tensor> tensors = new ArrayList<>();

  /** Takes {@code tensor} out of the scopes that would free it, and returns it. Gradient history is cut off. */
  public Tensor keep(Tensor tensor) {
    Tensor kept = tensor.is_leaf() ? tensor : tensor.detach();
    kept.retainReference();
    tensors.add(kept);
    return kept;
  }

  /** Keeps {@code replacement} and frees {@code old}, which this owner held. O(tensors held). */
  public Tensor replace(Tensor old, Tensor replacement) {
    Tensor kept = keep(replacement);
    release(old);
    return kept;
  }

  /** Frees one tensor that this owner holds. O(tensors held). */
  public void release(Tensor tensor) {
    for (int i = 0; i < tensors.size(); i++) {
      if (tensors.get(i) == tensor) {
        tensors.remove(i);
        tensor.releaseReference();
        return;
      }
    }
    throw new IllegalArgumentException("this owner does not hold that tensor");
  }

  /** Bytes of the tensors held. */
  public long bytes() {
    return tensors.stream().mapToLong(Tensor::nbytes).sum();
  }

  @Override
  public void close() {
    tensors.forEach(Tensor::releaseReference);
    tensors.clear();
  }
}
