package dev.perennial.edit;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Random Features for Large-Scale Kernel Machines (NIPS 2007):
 *
 *   key(f) = √2 cos(Ω f / (|f| bandwidth) + phase)      Ω normal, phase uniform in 0 .. 2π
 *   E[key(f) · key(g)] / keys = exp(-|f/|f| - g/|g||² / (2 bandwidth²)) = exp(-(1 - cos(f, g)) / bandwidth²)
 */
/**
 * What an edit is looked up by: many random waves of the direction of the features.
 *
 * <p>A language model's layers are wide enough for the keys of thousands of edits to be nearly orthogonal. A small
 * encoder's features are not; these are, where directions differ by more than the bandwidth.
 */
final class WideKeys implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final Tensor waves;
  private final Tensor phases;
  private final double bandwidth;

  /** Draws them: the same seed gives the same keys on any machine. O(width * keys). */
  WideKeys(int width, int keys, double bandwidth, long seed) {
    this.bandwidth = bandwidth;
    var normal = CounterRandom.of(seed, 1);
    var uniform = CounterRandom.of(seed, 2);
    float[] directions = new float[Math.multiplyExact(width, keys)];
    for (int i = 0; i < directions.length; i++) {
      directions[i] = (float) normal.gaussian(i);
    }
    float[] shifts = new float[keys];
    for (int i = 0; i < keys; i++) {
      shifts[i] = (float) (2 * Math.PI * uniform.uniform(i));
    }
    try (TensorScope scope = TensorScope.inference()) {
      waves = owner.keep(Tensors.floats(directions, width, keys));
      phases = owner.keep(Tensors.floats(shifts, 1, keys));
    }
  }

  /** {@code [rows, keys]} of {@code [rows, width]}, float32, each row of length √keys or about. */
  Tensor of(Tensor features) {
    Tensor directions = torch.normalize(features).div(new Scalar(bandwidth));
    return torch.cos(torch.mm(directions, waves).add(phases)).mul(new Scalar(Math.sqrt(2)));
  }

  @Override
  public void close() {
    owner.close();
  }
}
