package dev.perennial.learn;

import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Improving Online Continual Learning Performance and Stability with Temporal Ensembles (arXiv 2306.16817), here within
 * an experience, at whose end the mean takes the place of the parameters:
 *   m <- m + (w - m) max(1 - average, 1 / t)        after step t of the experience, from 1;  at the end  w <- m
 */
/** A running mean of the parameters over an experience's steps. */
final class Averaging implements AutoCloseable {

  private static final String MEAN = "average";

  private final TensorOwner owner = new TensorOwner();
  private final double average;
  private final @Nullable Tensor mean;

  /**
   * Of parameters of so many numbers, in an open scope.
   *
   * @param average what of the mean a step leaves; 0 where there is no mean
   */
  Averaging(double average, long size) {
    this.average = average;
    this.mean = average == 0 ? null : owner.keep(Tensors.zeros(size));
  }

  /** Takes over what {@link #state} gave. */
  void restore(Map<String, TensorData> state) {
    TensorData kept = state.get(MEAN);
    if (mean != null && kept != null) {
      Tensors.copyInto(mean, kept, MEAN);
    }
  }

  /** Views of what it keeps, by name. */
  Map<String, TensorData> state() {
    return mean == null ? Map.of() : Map.of(MEAN, Tensors.view(mean));
  }

  /** Takes the values after step {@code step} of {@code steps} into the mean, and sets them to it after the last. */
  void stepped(Tensor values, long step, long steps) {
    if (mean == null) {
      return;
    }
    double share = Math.max(1 - average, 1.0 / (step + 1));
    mean.lerp_(values, new Scalar(share));
    if (step == steps - 1) {
      values.copy_(mean);
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
