package dev.perennial.learn;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Refresh learning (A Unified and General Framework for Continual Learning, arXiv 2403.13249), with g the gradient of
 * the whole objective, penalties on weights included:
 *   unlearn, as often as asked:  w <- w + gamma F^-1 g(w) + noise,  noise ~ share * N(0, 2 gamma F^-1)
 *   relearn:                     the step follows g at the w that was found
 * F is diagonal. It is estimated here as the moving mean of g² over the experience's steps, and inverted as
 * 1 / (1 + F / mean(F)), which is finite where nothing is known and does not depend on the scale of the loss.
 *
 * Sharpness-Aware Minimization (arXiv 2010.01412), as DSI++ (arXiv 2212.09744) takes it against forgetting:
 *   e = rho g(w) / |g(w)|        the step follows g(w + e), from w
 */
/** Where the gradient of a step is taken: where the parameters are, or uphill of there. */
final class Ascent implements AutoCloseable {

  private static final String FISHER = "refresh";
  private static final double KEPT = 0.99;

  private final AscentOptions options;
  private final TensorOwner owner = new TensorOwner();
  private final @Nullable Tensor fisher;

  /** Of parameters of so many numbers, in an open scope. */
  Ascent(AscentOptions options, long size) {
    this.options = options;
    this.fisher = options.refresh() == 0 ? null : owner.keep(Tensors.zeros(size));
  }

  /** Takes over what {@link #state} gave. */
  void restore(Map<String, TensorData> state) {
    TensorData kept = state.get(FISHER);
    if (fisher != null && kept != null) {
      Tensors.copyInto(fisher, kept, FISHER);
    }
  }

  /** Views of what it keeps, by name. */
  Map<String, TensorData> state() {
    return fisher == null ? Map.of() : Map.of(FISHER, Tensors.view(fisher));
  }

  /**
   * The gradient to follow.
   *
   * @param values the parameters; refresh learning changes them
   * @param first whether this is the first step of the experience
   * @param atValues the gradient where the parameters are; each call overwrites what the one before gave
   * @param random numbers of this step
   */
  Tensor gradient(Tensor values, boolean first, Supplier<Tensor> atValues, CounterRandom random) {
    if (fisher != null) {
      for (int i = 0; i < options.refreshSteps(); i++) {
        unlearn(fisher, values, first && i == 0, atValues.get(), random, i);
      }
    }
    Tensor gradient = atValues.get();
    double norm = options.sam() == 0 ? 0 : gradient.norm().item_double();
    if (norm == 0) {
      return gradient;
    }
    Tensor before = values.clone();
    Tensors.addScaled(values, gradient, options.sam() / norm);
    Tensor uphill = atValues.get();
    values.copy_(before);
    return uphill;
  }

  private void unlearn(
      Tensor squares, Tensor values, boolean first, Tensor gradient, CounterRandom random, int repetition) {
    squares.mul_(new Scalar(first ? 0 : KEPT)).addcmul_(gradient, gradient, new Scalar(first ? 1 : 1 - KEPT));
    double mean = squares.mean().item_double();
    if (mean == 0) {
      return;
    }
    Tensor inverse = squares.div(new Scalar(mean)).add_(new Scalar(1)).reciprocal_();
    values.addcmul_(inverse, gradient, new Scalar(options.refresh()));
    if (options.refreshNoise() > 0) {
      Tensor noise = Tensors.gaussians(random, repetition, values.numel());
      double scale = options.refreshNoise() * Math.sqrt(2 * options.refresh());
      values.addcmul_(inverse.sqrt_(), noise, new Scalar(scale));
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
