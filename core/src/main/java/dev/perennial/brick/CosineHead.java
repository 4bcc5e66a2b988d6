package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.ScalarTypeOptional;
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

  // With f^ = f / |f| and w^ = w / |w|, and dz / temperature for dz:
  // g = dz w^        df = (g - (g . f^) f^) / |f|, and the same for the rows with g = dz' f^
  @Override
  public Tensor addGradients(Tensor ofLogits, Tensor features, Tensor rows, Tensor gradient) {
    Tensor scaled = ofLogits.div(new Scalar(temperature));
    Tensor featureWays = torch.normalize(features);
    Tensor rowWays = torch.normalize(rows);
    gradient.add_(sideways(torch.mm(scaled.t(), featureWays), rowWays, rows));
    return sideways(torch.mm(scaled, rowWays), featureWays, features);
  }

  /** What of {@code gradients} does not point along {@code ways}, over the lengths of {@code vectors}. */
  private static Tensor sideways(Tensor gradients, Tensor ways, Tensor vectors) {
    Tensor along = gradients.mul(ways).sum(new long[] {1}, true, new ScalarTypeOptional());
    Tensor lengths = vectors.norm(new ScalarOptional(new Scalar(2)), new long[] {1}, true);
    return gradients.sub(ways.mul(along)).div(lengths.clamp_min_(new Scalar(1e-12)));
  }
}
