package dev.perennial.learn;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Stochastic gradient descent with momentum (Sutskever et al., On the importance of initialization and momentum in deep
 * learning, ICML 2013, in the form with the rate outside the velocity):
 *   g <- g + decay w        u <- momentum u + g        w <- w - lr u
 */
/** Stochastic gradient descent on one flat vector. Without momentum it keeps nothing. */
final class Sgd implements Optimiser {

  private static final String VELOCITY = "velocity";

  private final TensorOwner owner = new TensorOwner();
  private final double decay;
  private final double momentum;
  private final @Nullable Tensor velocity;
  private long steps;

  /** Starts from a velocity of 0, in an open scope. */
  Sgd(long size, double momentum, double decay) {
    this.decay = decay;
    this.momentum = momentum;
    this.velocity = momentum == 0 ? null : owner.keep(Tensors.zeros(size));
  }

  /** Goes on from what {@link #state} gave. */
  Sgd(long size, double momentum, double decay, StatePart state, long steps) {
    this(size, momentum, decay);
    this.steps = steps;
    if (velocity != null) {
      Tensors.copyInto(velocity, state.tensor(VELOCITY), VELOCITY);
    }
  }

  @Override
  public void step(Tensor values, Tensor gradient, double rate) {
    steps++;
    if (decay != 0) {
      gradient.add_(values, new Scalar(decay));
    }
    Tensor direction = velocity == null ? gradient : velocity.mul_(new Scalar(momentum)).add_(gradient);
    values.sub_(direction, new Scalar(rate));
  }

  @Override
  public void renew(Tensor kept) {
    if (velocity != null) {
      velocity.mul_(kept);
    }
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public Map<String, TensorData> state() {
    return velocity == null ? Map.of() : Map.of(VELOCITY, Tensors.view(velocity));
  }

  @Override
  public void close() {
    owner.close();
  }
}
