package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class AGemTest {

  private static final int WIDTH = 6;

  @Test
  void projected_anyVectors_isTheNearestWhoseProductIsNotNegative() {
    int turned = 0;
    try (TensorScope scope = TensorScope.inference()) {
      for (int trial = 0; trial < 200; trial++) {
        double[] gradient = vector(trial, 1);
        double[] past = vector(trial, 2);
        double[] projected = Tensors.toDoubles(AGem.Projection.projected(tensor(gradient), tensor(past)));
        assertTrue(product(projected, past) > -1e-4, "trial " + trial);
        if (product(gradient, past) >= 0) {
          assertArrayEquals(gradient, projected, 1e-6);
          continue;
        }
        turned++;
        double nearest = distance(gradient, projected);
        for (int other = 0; other < 50; other++) {
          double[] candidate = vector(trial, 3 + other);
          for (int i = 0; i < WIDTH; i++) {
            candidate[i] = projected[i] + 0.3 * candidate[i];
          }
          if (product(candidate, past) >= 0) {
            assertTrue(distance(gradient, candidate) > nearest - 1e-4, "trial " + trial + ", candidate " + other);
          }
        }
      }
    }
    assertTrue(turned > 50);
  }

  @Test
  void gradient_laterExperience_raisesTheLossOfNoKeptRow() {
    try (var world = World.tiny(2); TensorScope scope = TensorScope.inference()) {
      var options = new AGem.Options(TwinLoss.TRAINING,
          new MemoryOptions(10, MemoryOptions.Keep.BALANCED, MemoryOptions.Offer.EXPERIENCE), 100);
      var objective = new AGem.Projection(options, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        Experience first = world.experiences().getFirst();
        for (long step = 0; step < learner.steps(first); step++) {
          learner.step(first, step);
        }
        Experience second = world.experiences().get(1);
        learner.step(second, 0);
        var batch = new Batch(second, 1, second.train(), second.train().size());
        double[] plain = Tensors.toDoubles(learner.taskGradient(batch.rows()));
        double[] past = Tensors.toDoubles(learner.taskGradient(objective.memory().examples()));
        assertTrue(product(plain, past) < 0, "new rows alone would raise it");
        double[] taken = Tensors.toDoubles(
            objective.gradient(batch, learner, () -> learner.taskGradient(batch.rows())));
        assertEquals(0, product(taken, past) / Math.sqrt(product(taken, taken) * product(past, past)), 1e-5);
      }
    }
  }

  private static double[] vector(int trial, int use) {
    double[] vector = new double[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      vector[i] = (float) CounterRandom.of(trial, use).gaussian(i);
    }
    return vector;
  }

  private static Tensor tensor(double[] vector) {
    float[] values = new float[vector.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) vector[i];
    }
    return Tensors.floats(values, values.length);
  }

  private static double product(double[] a, double[] b) {
    double product = 0;
    for (int i = 0; i < a.length; i++) {
      product += a[i] * b[i];
    }
    return product;
  }

  private static double distance(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }
}
