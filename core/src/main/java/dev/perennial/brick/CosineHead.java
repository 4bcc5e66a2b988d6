package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A cosine head: {@code logit_c = cos(f, w_c) / temperature}.
 *
 * <p>Source: Learning a Unified Classifier Incrementally via Rebalancing (CVPR 2019): without lengths and biases, new
 * classes cannot outgrow old ones. New rows are uniform in ±1/√width, as 0 has no direction.
 *
 * @param width features of an input, and numbers in a row
 * @param temperature above 0
 */
record CosineHead(int width, double temperature) implements GrowingHead {

  @Override
  public String kind() {
    return "cosine-head";
  }

  @Override
  public int rowLength() {
    return width;
  }

  @Override
  public float[] newRows(int first, int count, CounterRandom random) {
    float[] rows = new float[Math.multiplyExact(count, width)];
    double bound = 1 / Math.sqrt(width);
    for (int i = 0; i < rows.length; i++) {
      rows[i] = (float) ((2 * random.uniform((long) first * width + i) - 1) * bound);
    }
    return rows;
  }

  @Override
  public void takeOver(Tensor narrower, Tensor rows) {
    rows.narrow(1, 0, narrower.size(1)).copy_(narrower);
  }

  @Override
  public Tensor logits(Tensor features, Tensor rows) {
    return torch.mm(torch.normalize(features), torch.normalize(rows).t()).div(new Scalar(temperature));
  }
}
