package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class FeatureDistillationTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      3, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = World.tiny(1);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  @Test
  void outputLoss_secondExperience_isTheMeanSquareToTheFormerFeaturesAndTheSoftenedDivergence() {
    double strength = 0.7;
    double predictions = 0.4;
    var distillation = new FeatureDistillation.Distillation(
        new FeatureDistillation.Options(TRAINING, strength, predictions, 2));
    try (var learner = new GradientLearner(TRAINING, world.context(1), distillation)) {
      Experience first = world.experiences().getFirst();
      learn(learner, first);
      assertEquals(0, distillation.memoryBytes());
      Experience second = world.experiences().get(1);
      List<Example> rows = List.of(second.train().get(3), second.train().get(0));
      double[] former = Tensors.toDoubles(learner.features(rows.stream().map(Example::input).toList()));
      double[] formerLogits = Tensors.toDoubles(learner.logits(rows));
      learner.step(second, 0);
      assertEquals(second.train().size() * (TinyBackbone.WIDTH + 2L) * Float.BYTES, distillation.memoryBytes());
      float[] features = new float[2 * TinyBackbone.WIDTH];
      for (int i = 0; i < features.length; i++) {
        features[i] = (float) (former[i] + 0.1 * i);
      }
      float[] logits = {1, 2, 9, 9, -1, 0.5f, 9, 9};
      double expected = 0;
      for (int i = 0; i < features.length; i++) {
        expected += strength * 0.01 * i * i / TinyBackbone.WIDTH;
      }
      for (int row = 0; row < 2; row++) {
        double[] wanted = softened(formerLogits[row * 2], formerLogits[row * 2 + 1]);
        double[] given = softened(logits[row * 4], logits[row * 4 + 1]);
        expected += predictions * 4
            * (wanted[0] * Math.log(wanted[0] / given[0]) + wanted[1] * Math.log(wanted[1] / given[1]));
      }
      var part = new Part(rows, new int[] {0, 1}, new long[2], Tensors.floats(features, 2, TinyBackbone.WIDTH),
          Tensors.floats(logits, 2, 4));
      Tensor loss = Objects.requireNonNull(distillation.outputLoss(new Batch(second, 0, rows, 2), part));
      assertEquals(expected, loss.item_double(), 1e-4);
    }
  }

  private static double[] softened(double a, double b) {
    double first = 1 / (1 + Math.exp((b - a) / 2));
    return new double[] {first, 1 - first};
  }

  @Test
  void outputLoss_firstExperience_isNone() {
    var distillation = new FeatureDistillation.Distillation(new FeatureDistillation.Options(TRAINING, 1, 0, 2));
    List<Example> rows = world.experiences().getFirst().train();
    var part = new Part(rows, new int[] {0}, new long[1], Tensors.zeros(1, 12), Tensors.zeros(1, 2));
    assertNull(distillation.outputLoss(new Batch(world.experiences().getFirst(), 0, rows, 1), part));
  }

  @Test
  void strongDistillation_secondExperience_movesFeaturesLess() {
    double weak = moved(0);
    double strong = moved(100);
    assertTrue(strong < 0.5 * weak, "moved " + strong + " with distillation, " + weak + " without");
  }

  private double moved(double strength) {
    var distillation =
        new FeatureDistillation.Distillation(new FeatureDistillation.Options(TRAINING, strength, 0, 2));
    try (var learner = new GradientLearner(TRAINING, world.context(1), distillation)) {
      learn(learner, world.experiences().getFirst());
      Experience second = world.experiences().get(1);
      Tensor before = learner.features(second.train().stream().map(Example::input).toList());
      learn(learner, second);
      Tensor after = learner.features(second.train().stream().map(Example::input).toList());
      assertArrayEquals(before.shape(), after.shape());
      return after.sub(before).square().sum().item_double();
    }
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }
}
