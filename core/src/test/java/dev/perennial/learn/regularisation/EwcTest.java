package dev.perennial.learn.regularisation;

import static org.bytedeco.pytorch.global.torch.ScalarType;
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
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class EwcTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      3, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0.2, "linear"), HeadOptions.DEFAULT);

  private static Ewc.Options options(double strength, int fisherRows, double fisherDecay) {
    return new Ewc.Options(TRAINING, strength, Fisher.EMPIRICAL, fisherRows, fisherDecay, Ewc.Penalties.ONLINE);
  }

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = World.tiny(2);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  @Test
  void addWeightGradient_knownFisherAndAnchor_isTheClosedForm() {
    try (var penalty = new Ewc.Penalty(options(10, 5, 1), 1)) {
      penalty.restore(state(new float[] {1, 0, 0.5f}, new float[] {1, 1, -2}), List.of());
      // Two numbers were added since: nothing holds them.
      Tensor values = Tensors.floats(new float[] {1.5f, 9, -2.25f, 7, 7}, 5);
      Tensor gradient = Tensors.floats(new float[] {0.1f, 0.2f, 0.3f, 0.4f, 0.5f}, 5);
      penalty.addWeightGradient(values, gradient);
      assertArrayEquals(new float[] {5.1f, 0.2f, -0.95f, 0.4f, 0.5f}, Tensors.toFloats(gradient), 1e-6f);
      assertEquals(2 * 3 * Float.BYTES, penalty.memoryBytes());
    }
  }

  @Test
  void addWeightGradient_steeperThanAStepBears_bringsTheParameterToTheAnchorInOneStep() {
    var training = new GradientOptions(3, 4, OptimiserOptions.sgd(0.05), LoraOptions.DEFAULT, HeadOptions.DEFAULT);
    var steep = new Ewc.Options(training, 1000, Fisher.EMPIRICAL, 5, 1, Ewc.Penalties.ONLINE);
    try (var penalty = new Ewc.Penalty(steep, 1)) {
      penalty.restore(state(new float[] {3, 0.001f, 0.02f}, new float[] {1, 1, 1}), List.of());
      Tensor gradient = Tensors.zeros(3);
      penalty.addWeightGradient(Tensors.floats(new float[] {2, 2, 2}, 3), gradient);
      // A step of 0.05 goes the whole way for 3000 and for 20, and 0.05 of it for 1.
      assertArrayEquals(new float[] {20, 1, 20}, Tensors.toFloats(gradient), 1e-5f);
    }
  }

  @Test
  void addWeightGradient_beforeTheFirstExperienceEnds_addsNothing() {
    try (var penalty = new Ewc.Penalty(options(10, 5, 1), 1)) {
      Tensor gradient = Tensors.floats(new float[] {1, 2}, 2);
      penalty.addWeightGradient(Tensors.floats(new float[] {3, 4}, 2), gradient);
      assertArrayEquals(new float[] {1, 2}, Tensors.toFloats(gradient));
    }
  }

  @Test
  void fisher_everyRowSampled_isTheMeanOfSquaredRowGradients() {
    var penalty = new Ewc.Penalty(options(10, 1000, 0.5), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      Experience first = world.experiences().getFirst();
      learn(learner, first);
      double[] expected = fisher(learner, first.train());
      assertArrayEquals(expected, doubles(penalty, "fisher"), 1e-6 * max(expected));
      assertArrayEquals(Tensors.toDoubles(learner.parameters().values()), doubles(penalty, "anchor"));

      Experience second = world.experiences().get(1);
      learn(learner, second);
      double[] both = fisher(learner, second.train());
      for (int i = 0; i < expected.length; i++) {
        both[i] += 0.5 * expected[i];
      }
      assertArrayEquals(both, doubles(penalty, "fisher"), 1e-6 * max(both));
      assertTrue(max(both) > 0);
    }
  }

  @Test
  void fisher_someRowsSampled_isThatOfDifferentRows() {
    var penalty = new Ewc.Penalty(options(0, 2, 1), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      Experience first = world.experiences().getFirst();
      assertEquals(2, penalty.closingSteps(first));
      learn(learner, first);
      double[] sampled = doubles(penalty, "fisher");
      boolean found = false;
      for (int i = 0; i < first.train().size(); i++) {
        for (int j = 0; j < i; j++) {
          double[] pair = fisher(learner, List.of(first.train().get(i), first.train().get(j)));
          found |= difference(pair, sampled) <= 1e-6 * max(pair);
        }
      }
      assertTrue(found, "no pair of rows has this Fisher matrix");
    }
  }

  @Test
  void fisher_exact_ofTheHeadIsTheClosedFormOfSoftmaxLinearModels() {
    var penalty = new Ewc.Penalty(new Ewc.Options(TRAINING, 10, Fisher.EXACT, 1000, 1, Ewc.Penalties.ONLINE), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      Experience first = world.experiences().getFirst();
      learn(learner, first);
      // d log p_c / d W_k = (1[c = k] - p_k) x, so F of W_k,i is the mean of p_k (1 - p_k) x_i².
      int rows = first.train().size();
      double[] features = Tensors.toDoubles(learner.features(first.train().stream().map(Example::input).toList()));
      double[] p = Tensors.toDoubles(torch.softmax(learner.logits(first.train()), 1));
      int width = features.length / rows;
      int classes = p.length / rows;
      double[] expected = new double[classes * (width + 1)];
      for (int row = 0; row < rows; row++) {
        for (int k = 0; k < classes; k++) {
          double variance = p[row * classes + k] * (1 - p[row * classes + k]) / rows;
          for (int i = 0; i <= width; i++) {
            double x = i < width ? features[row * width + i] : 1;
            expected[k * (width + 1) + i] += variance * x * x;
          }
        }
      }
      double[] all = doubles(penalty, "fisher");
      double[] head = Arrays.copyOfRange(all, all.length - expected.length, all.length);
      assertArrayEquals(expected, head, 1e-5 * max(expected));
    }
  }

  @Test
  void penaltyOfEachTask_isTheSumOfTheirQuadratics() {
    var penalty = new Ewc.Penalty(new Ewc.Options(TRAINING, 2, Fisher.EMPIRICAL, 1000, 1, Ewc.Penalties.TASKS), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      var fishers = new ArrayList<double[]>();
      var anchors = new ArrayList<double[]>();
      for (Experience experience : world.experiences()) {
        learn(learner, experience);
        fishers.add(fisher(learner, experience.train()));
        anchors.add(Tensors.toDoubles(learner.parameters().values()));
      }
      double[] values = anchors.getLast().clone();
      double[] expected = new double[values.length];
      for (int i = 0; i < values.length; i++) {
        values[i] += 0.1 * Math.cos(i);
        for (int t = 0; t < fishers.size(); t++) {
          expected[i] += i < anchors.get(t).length ? 2 * fishers.get(t)[i] * (values[i] - anchors.get(t)[i]) : 0;
        }
      }
      Tensor gradient = Tensors.zeros(values.length);
      penalty.addWeightGradient(Tensors.doubles(values, values.length).to(ScalarType.Float), gradient);
      assertArrayEquals(expected, Tensors.toDoubles(gradient), 1e-5 * max(expected));
    }
  }

  @Test
  void strongPenalty_secondExperience_movesWhatMattersLess() {
    double weak = movedByImportance(0);
    double strong = movedByImportance(1e6);
    assertTrue(strong < 0.5 * weak, "moved " + strong + " with a penalty, " + weak + " without");
  }

  /** How far the second experience moves the parameters, each weighted by its Fisher information of the first. */
  private double movedByImportance(double strength) {
    var penalty = new Ewc.Penalty(options(strength, 1000, 1), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), penalty)) {
      learn(learner, world.experiences().getFirst());
      double[] fisher = doubles(penalty, "fisher");
      double[] before = Tensors.toDoubles(learner.parameters().values());
      learn(learner, world.experiences().get(1));
      double[] after = Tensors.toDoubles(learner.parameters().values());
      double moved = 0;
      for (int i = 0; i < fisher.length; i++) {
        moved += fisher[i] * (after[i] - before[i]) * (after[i] - before[i]);
      }
      return moved;
    }
  }

  private static double[] fisher(GradientLearner learner, List<Example> rows) {
    double[] mean = new double[(int) learner.parameters().size()];
    for (Example row : rows) {
      double[] gradient = Tensors.toDoubles(learner.taskGradient(List.of(row)));
      for (int i = 0; i < mean.length; i++) {
        mean[i] += gradient[i] * gradient[i] / rows.size();
      }
    }
    return mean;
  }

  private static double max(double[] values) {
    double max = 0;
    for (double value : values) {
      max = Math.max(max, Math.abs(value));
    }
    return max;
  }

  private static double difference(double[] a, double[] b) {
    double max = 0;
    for (int i = 0; i < a.length; i++) {
      max = Math.max(max, Math.abs(a[i] - b[i]));
    }
    return max;
  }

  private static double[] doubles(Ewc.Penalty penalty, String part) {
    StatePart found = penalty.state().stream().filter(state -> state.name().equals(part)).findFirst().orElseThrow();
    return Tensors.toDoubles(Tensors.copyOf(found.tensor("values")));
  }

  private static Map<String, StatePart> state(float[] fisher, float[] anchor) {
    return Map.of(
        "fisher", StatePart.of("fisher", Combine.SUM, Map.of("values", TensorData.of(fisher, fisher.length))),
        "anchor", StatePart.of("anchor", Combine.WEIGHTED_MEAN, Map.of("values", TensorData.of(anchor, anchor.length))));
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }
}
