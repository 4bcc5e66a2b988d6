package dev.perennial.learn;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Decoupled Weight Decay Regularization (arXiv 1711.05101):
 *   m <- b1 m + (1-b1) g        v <- b2 v + (1-b2) g²
 *   w <- w - lr decay w - lr (m / (1-b1^t)) / (sqrt(v / (1-b2^t)) + eps)
 */
/** AdamW on one flat vector, with b1 = 0.9, b2 = 0.999, eps = 1e-8. */
final class AdamW implements Optimiser {

  private static final double B1 = 0.9;
  private static final double B2 = 0.999;
  private static final double EPS = 1e-8;
  private static final String MEAN = "mean";
  private static final String SQUARE = "square";

  private final TensorOwner owner = new TensorOwner();
  private final double decay;
  private final Tensor mean;
  private final Tensor square;
  private long steps;

  /** Starts from moments of 0, in an open scope. */
  AdamW(long size, double decay) {
    this.decay = decay;
    this.mean = owner.keep(Tensors.zeros(size));
    this.square = owner.keep(Tensors.zeros(size));
  }

  /** Goes on from what {@link #state} gave. */
  AdamW(long size, double decay, StatePart state, long steps) {
    this(size, decay);
    Tensors.copyInto(mean, state.tensor(MEAN), MEAN);
    Tensors.copyInto(square, state.tensor(SQUARE), SQUARE);
    this.steps = steps;
  }

  @Override
  public void step(Tensor values, Tensor gradient, double rate) {
    steps++;
    mean.mul_(new Scalar(B1)).add_(gradient, new Scalar(1 - B1));
    square.mul_(new Scalar(B2)).addcmul_(gradient, gradient, new Scalar(1 - B2));
    Tensor denominator = torch.sqrt(square)
        .div_(new Scalar(Math.sqrt(1 - Math.pow(B2, steps))))
        .add_(new Scalar(EPS));
    if (decay != 0) {
      values.mul_(new Scalar(1 - rate * decay));
    }
    values.addcdiv_(mean, denominator, new Scalar(-rate / (1 - Math.pow(B1, steps))));
  }

  @Override
  public void renew(Tensor kept) {
    mean.mul_(kept);
    square.mul_(kept);
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public Map<String, TensorData> state() {
    return Map.of(MEAN, Tensors.view(mean), SQUARE, Tensors.view(square));
  }

  @Override
  public void close() {
    owner.close();
  }
}
