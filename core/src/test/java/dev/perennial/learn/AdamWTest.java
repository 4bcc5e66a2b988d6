package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class AdamWTest {

  @Test
  void step_tenSteps_areThoseOfTheScalarRule() {
    LibTorch.load();
    for (double decay : new double[] {0, 0.1}) {
      double[] w = {1, -2, 0.5};
      double[] m = new double[3];
      double[] v = new double[3];
      try (TensorScope scope = TensorScope.inference(); var optimiser = new AdamW(3, decay)) {
        Tensor values = Tensors.floats(new float[] {1, -2, 0.5f}, 3);
        for (int t = 1; t <= 10; t++) {
          float[] gradient = {(float) Math.sin(t), 0.01f * t, t % 2 == 0 ? 0 : -3};
          double rate = 0.1 / t;
          optimiser.step(values, Tensors.floats(gradient, 3), rate);
          for (int i = 0; i < 3; i++) {
            double g = gradient[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            w[i] -= rate * decay * w[i];
            w[i] -= rate * (m[i] / (1 - Math.pow(0.9, t))) / (Math.sqrt(v[i] / (1 - Math.pow(0.999, t))) + 1e-8);
            assertEquals(w[i], Tensors.toFloats(values)[i], 2e-6, "step " + t + ", decay " + decay);
          }
        }
        assertEquals(10, optimiser.steps());
      }
    }
  }
}
