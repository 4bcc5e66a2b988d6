package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.Test;

final class MasTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      3, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0.2, "linear"), HeadOptions.DEFAULT);
  private static final double STEP = 1e-3;

  @Test
  void importance_everyRow_isTheMeanSizeOfTheFiniteDifferencesOfTheSquaredOutputs() {
    var penalty = new Mas.Penalty(new Mas.Options(TRAINING, 1, 1000), 1);
    try (World world = World.tiny(2);
        TensorScope scope = TensorScope.inference();
        var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      Experience first = world.experiences().getFirst();
      for (long step = 0; step < learner.steps(first); step++) {
        learner.step(first, step);
      }
      double[] importance = part(penalty, "importance");
      float[] values = Tensors.toFloats(learner.parameters().values());
      double largest = 0;
      for (double value : importance) {
        largest = Math.max(largest, value);
      }
      assertTrue(largest > 0);
      for (int i = 0; i < values.length; i += 7) {
        double mean = 0;
        double[] up = norms(learner, first.train(), values, i, STEP);
        double[] down = norms(learner, first.train(), values, i, -STEP);
        for (int row = 0; row < up.length; row++) {
          mean += Math.abs(up[row] - down[row]) / (2 * STEP) / up.length;
        }
        assertEquals(mean, importance[i], 5e-3 * largest, "parameter " + i);
      }
    }
  }

  /** The squared length of each row's logits, one parameter moved. */
  private static double[] norms(GradientLearner learner, List<Example> rows, float[] values, int moved, double by) {
    float[] other = values.clone();
    other[moved] += (float) by;
    learner.parameters().values().copy_(Tensors.floats(other, other.length));
    double[] logits = Tensors.toDoubles(learner.logits(rows));
    learner.parameters().values().copy_(Tensors.floats(values, values.length));
    double[] norms = new double[rows.size()];
    int classes = logits.length / norms.length;
    for (int i = 0; i < logits.length; i++) {
      norms[i / classes] += logits[i] * logits[i];
    }
    return norms;
  }

  @Test
  void addWeightGradient_afterAnExperience_isTwiceTheImportanceTimesTheWay() {
    var penalty = new Mas.Penalty(new Mas.Options(TRAINING, 0.5, 5), 1);
    try (World world = World.tiny(1);
        TensorScope scope = TensorScope.inference();
        var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      Experience first = world.experiences().getFirst();
      for (long step = 0; step < learner.steps(first); step++) {
        learner.step(first, step);
      }
      double[] expected = part(penalty, "importance");
      for (int i = 0; i < expected.length; i++) {
        expected[i] *= 2 * 0.5 * 0.25;
      }
      var gradient = Tensors.zeros(expected.length);
      penalty.addWeightGradient(learner.parameters().values().add(new Scalar(0.25)), gradient);
      assertArrayEquals(expected, Tensors.toDoubles(gradient), 1e-5);
    }
  }

  private static double[] part(Mas.Penalty penalty, String name) {
    StatePart found = penalty.state().stream().filter(part -> part.name().equals(name)).findFirst().orElseThrow();
    return Tensors.toDoubles(Tensors.copyOf(found.tensor("values")));
  }
}
