package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** On the quadratics {@code sum a_i (w_i - t_i)² / 2}, one for each experience, by plain gradient descent. */
final class SiTest {

  private static final double STRENGTH = 0.3;
  private static final double DAMPING = 0.05;
  private static final double RATE = 0.02;
  private static final int STEPS = 60;
  private static final double[][] CURVATURES = {{1, 3, 0.2}, {2, 0.5, 1}};
  private static final double[][] TARGETS = {{2, -1, 4}, {-3, 0, 1}};

  @Test
  void importance_twoQuadratics_isThatOfTheTwinInPlainJava() {
    double[] weights = {0.5, 0.25, -1};
    double[] importance = new double[3];
    try (TensorScope scope = TensorScope.inference();
        var model = new FlatModel(0.5f, 0.25f, -1);
        var penalty = new Si.Penalty(new Si.Options(GradientOptions.DEFAULT, STRENGTH, DAMPING))) {
      for (int task = 0; task < 2; task++) {
        learn(penalty, model, task);
        twin(weights, importance, task);
        assertArrayEquals(weights, Tensors.toDoubles(model.parameters().values()), 1e-4);
        assertArrayEquals(weights, part(penalty, "anchor"), 1e-4);
        assertArrayEquals(importance, part(penalty, "importance"), 1e-3);
        assertEquals(2 * 3 * Float.BYTES, penalty.memoryBytes());
      }
    }
  }

  @Test
  void path_smallSteps_addsUpToWhatTheLossLost() {
    try (TensorScope scope = TensorScope.inference();
        var model = new FlatModel(0.5f, 0.25f, -1);
        var penalty = new Si.Penalty(new Si.Options(GradientOptions.DEFAULT, STRENGTH, DAMPING))) {
      double before = loss(Tensors.toDoubles(model.parameters().values()));
      steps(penalty, model, 0, 400, 0.002);
      double lost = before - loss(Tensors.toDoubles(model.parameters().values()));
      double sum = 0;
      for (double part : part(penalty, "path")) {
        sum += part;
      }
      assertEquals(lost, sum, 0.01 * lost);
      assertEquals(3 * 3 * Float.BYTES, penalty.memoryBytes());
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> new Si.Options(GradientOptions.DEFAULT, -1, 1));
    assertEquals("expected a damping above 0, got 0.0", assertThrows(
        UsageException.class, () -> new Si.Options(GradientOptions.DEFAULT, 1, 0)).getMessage());
  }

  private static double loss(double[] weights) {
    double loss = 0;
    for (int i = 0; i < 3; i++) {
      loss += CURVATURES[0][i] * Math.pow(weights[i] - TARGETS[0][i], 2) / 2;
    }
    return loss;
  }

  private static void learn(Si.Penalty penalty, FlatModel model, int task) {
    Batch batch = steps(penalty, model, task, STEPS, RATE);
    penalty.end(batch.experience(), model);
  }

  private static Batch steps(Si.Penalty penalty, FlatModel model, int task, int steps, double rate) {
    var rows = List.of(Example.of("row", "class"));
    var batch = new Batch(new Experience(task, "e", List.of("class"), rows, List.of()), 0, rows, 1);
    Tensor values = model.parameters().values();
    Tensor curvature = Tensors.floats(floats(CURVATURES[task]), 3);
    Tensor target = Tensors.floats(floats(TARGETS[task]), 3);
    penalty.begin(batch.experience(), model, true);
    for (int step = 0; step < steps; step++) {
      Tensor gradient = penalty.gradient(batch, model, () -> values.sub(target).mul_(curvature));
      penalty.addWeightGradient(values, gradient);
      values.sub_(gradient, new Scalar(rate));
      penalty.stepped(batch, model);
    }
    return batch;
  }

  private static void twin(double[] weights, double[] importance, int task) {
    double[] start = weights.clone();
    double[] path = new double[3];
    for (int step = 0; step < STEPS; step++) {
      for (int i = 0; i < 3; i++) {
        double slope = CURVATURES[task][i] * (weights[i] - TARGETS[task][i]);
        double move = -RATE * (slope + 2 * STRENGTH * importance[i] * (weights[i] - start[i]));
        path[i] -= slope * move;
        weights[i] += move;
      }
    }
    for (int i = 0; i < 3; i++) {
      importance[i] += Math.max(path[i], 0) / (Math.pow(weights[i] - start[i], 2) + DAMPING);
    }
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  private static double[] part(Si.Penalty penalty, String name) {
    StatePart found = penalty.state().stream().filter(part -> part.name().equals(name)).findFirst().orElseThrow();
    return Tensors.toDoubles(Tensors.copyOf(found.tensor("values")));
  }
}
