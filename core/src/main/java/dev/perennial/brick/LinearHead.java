package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A linear head: {@code logit_c = w_c · f + b_c}. The row of a class is its weights, then its bias; new ones are 0.
 *
 * @param width features of an input
 */
record LinearHead(int width) implements GrowingHead {

  @Override
  public String kind() {
    return "linear-head";
  }

  @Override
  public int rowLength() {
    return width + 1;
  }

  @Override
  public float[] newRows(int first, int count, CounterRandom random) {
    return new float[Math.multiplyExact(count, rowLength())];
  }

  @Override
  public void takeOver(Tensor narrower, Tensor rows) {
    long features = narrower.size(1) - 1;
    rows.narrow(1, 0, features).copy_(narrower.narrow(1, 0, features));
    rows.select(1, width).copy_(narrower.select(1, features));
  }

  @Override
  public Tensor logits(Tensor features, Tensor rows) {
    return torch.linear(features, rows.narrow(1, 0, width), new TensorOptional(rows.select(1, width)));
  }
}
