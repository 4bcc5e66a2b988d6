package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A linear head: {@code logit_c = w_c · f + b_c}. The row of a class is its weights, then its bias.
 *
 * @param width features of an input
 * @param drawn whether new rows are uniform in ±1/√width, as PyTorch's Linear takes them; else they are 0
 */
record LinearHead(int width, boolean drawn) implements GrowingHead {

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
    float[] rows = new float[Math.multiplyExact(count, rowLength())];
    double bound = 1 / Math.sqrt(width);
    for (int i = 0; drawn && i < rows.length; i++) {
      rows[i] = (float) ((2 * random.uniform((long) first * rowLength() + i) - 1) * bound);
    }
    return rows;
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

  // df = dz W        dW += dz' f        db += the sum of dz's rows
  @Override
  public Tensor addGradients(Tensor ofLogits, Tensor features, Tensor rows, Tensor gradient) {
    gradient.narrow(1, 0, width).addmm_(ofLogits.t(), features);
    gradient.select(1, width).add_(ofLogits.sum(0));
    return torch.mm(ofLogits, rows.narrow(1, 0, width));
  }
}
