package dev.perennial.learn.hypernetwork;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class TaskNetworksTest {

  private static final double TEMPERATURE = 0.3;
  private static final double STRENGTH = 0.7;

  private static DependencyPreserving.Options options(
      OptimiserOptions optimisation, TaskNetworkOptions.Recognition recognition, int growth) {
    return new DependencyPreserving.Options(
        new TaskNetworkOptions(2, 4, optimisation, 6, 2, 16, 3, 5, STRENGTH, recognition, TEMPERATURE), growth);
  }

  /** Two tasks that have a class in common, as in a domain-incremental stream. */
  private static List<Experience> overlapping(World world) {
    Experience first = world.experiences().get(0);
    Experience second = world.experiences().get(1);
    List<Example> rows = second.train().stream()
        .map(row -> row.label().equals("class-3") ? row : Example.of(((Input.Text) row.input()).value(), "class-1"))
        .toList();
    return List.of(first, new Experience(1, "again", List.of("class-3", "class-1"), rows, List.of()));
  }

  private static void learn(TaskNetworks learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2})
  void penalty_atTheFormerParameters_isZero_andElsewhereTheSumOfSquares(int growth) {
    var options = options(OptimiserOptions.sgd(1e-30), TaskNetworkOptions.Recognition.MEANS, growth);
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference();
        TaskNetworks learner = new DependencyPreserving().learner(options, world.context(1))) {
      learner.step(world.experiences().getFirst(), 0);
      assertNull(learner.penalty(learner.parameters().views()), "there is no former task");
      for (long step = 1; step < learner.steps(world.experiences().getFirst()); step++) {
        learner.step(world.experiences().getFirst(), step);
      }
      learn(learner, world.experiences().get(1));
      learner.step(world.experiences().get(2), 0);
      Map<String, Tensor> tensors = learner.parameters().views();
      assertEquals(0, Objects.requireNonNull(learner.penalty(tensors)).item_double());
      var moved = new HashMap<>(tensors);
      moved.computeIfPresent("lstm.0.output", (name, tensor) -> tensor.mul(new Scalar(1.1)));
      double[] before = Tensors.toDoubles(learner.hypernetwork().generated(tensors, 2));
      double[] after = Tensors.toDoubles(learner.hypernetwork().generated(moved, 2));
      double sum = 0;
      for (int i = 0; i < before.length; i++) {
        sum += (after[i] - before[i]) * (after[i] - before[i]);
      }
      assertEquals(STRENGTH / 2 * sum, Objects.requireNonNull(learner.penalty(moved)).item_double(), 1e-4 * sum);
    }
  }

  @Test
  void step_withWeightDecay_leavesEmbeddingsOfFormerTasks() {
    var decaying = new OptimiserOptions(OptimiserOptions.Kind.SGD, 0.1, 0, OptimiserOptions.Schedule.CONSTANT, 0, 0.1);
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference();
        TaskNetworks learner = new DependencyPreserving().learner(
            options(decaying, TaskNetworkOptions.Recognition.MEANS, 0), world.context(1))) {
      learn(learner, world.experiences().get(0));
      float[] embedding = floats(learner, "embedding.0");
      float[] head = floats(learner, "head.0");
      float[] chunks = floats(learner, "chunks");
      learn(learner, world.experiences().get(1));
      assertArrayEquals(embedding, floats(learner, "embedding.0"));
      assertArrayEquals(head, floats(learner, "head.0"));
      assertFalse(Arrays.equals(chunks, floats(learner, "chunks")));
    }
  }

  private static float[] floats(TaskNetworks learner, String name) {
    return Tensors.toFloats(Hypernetwork.of(learner.parameters().views(), name));
  }

  @ParameterizedTest
  @EnumSource
  void scores_classOfTwoTasks_areTheMixtureOfTheirNetworks(TaskNetworkOptions.Recognition recognition) {
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      LearnerContext context = world.context(1);
      List<Experience> stream = overlapping(world);
      var options = options(OptimiserOptions.adamW(0.01), recognition, 0);
      TargetNetwork target = options.networks().target(TinyBackbone.WIDTH);
      try (TaskNetworks learner = new DependencyPreserving().learner(options, context)) {
        stream.forEach(experience -> learn(learner, experience));
        assertEquals(List.of("class-0", "class-1", "class-3"), learner.classNames());
        List<Tensor> weights = learner.hypernetwork().weights(learner.parameters().views());
        List<Input> inputs = stream.get(1).train().stream().map(Example::input).toList();
        float[] scores = Tensors.toFloats(learner.scores(inputs));
        for (int row = 0; row < inputs.size(); row++) {
          double[] seen = seen(context, inputs.get(row));
          double[] mixture = new double[3];
          for (int task = 0; task < 2; task++) {
            double[] answer = softmax(PlainNetworks.logits(target, Tensors.toDoubles(weights.get(task)), seen, 2));
            double unlikely = recognition == TaskNetworkOptions.Recognition.ENTROPY
                ? -Arrays.stream(answer).map(p -> p * Math.log(p)).sum()
                : nearest(context, stream.get(task), seen);
            for (int c = 0; c < 2; c++) {
              int known = learner.classNames().indexOf(stream.get(task).classes().get(c));
              mixture[known] += Math.exp(-unlikely / TEMPERATURE) * answer[c];
            }
          }
          for (int c = 0; c < 3; c++) {
            assertEquals(Math.log(mixture[c]), scores[row * 3 + c], 1e-3, "row " + row + ", class " + c);
          }
        }
      }
    }
  }

  private static double[] seen(LearnerContext context, Input input) {
    double[] features = Tensors.toDoubles(context.cache().features(List.of(input), FeatureCache.Frozen.BACKBONE));
    double length = Math.sqrt(Arrays.stream(features).map(x -> x * x).sum() / features.length);
    return Arrays.stream(features).map(x -> x / length).toArray();
  }

  private static double[] softmax(double[] logits) {
    double sum = Arrays.stream(logits).map(Math::exp).sum();
    return Arrays.stream(logits).map(x -> Math.exp(x) / sum).toArray();
  }

  private static double nearest(LearnerContext context, Experience experience, double[] seen) {
    double least = Double.POSITIVE_INFINITY;
    for (String name : experience.classes()) {
      double[] mean = new double[seen.length];
      List<Example> rows = experience.train().stream().filter(row -> row.label().equals(name)).toList();
      for (Example row : rows) {
        double[] of = seen(context, row.input());
        for (int i = 0; i < mean.length; i++) {
          mean[i] += of[i] / rows.size();
        }
      }
      double sum = 0;
      for (int i = 0; i < mean.length; i++) {
        sum += (seen[i] - mean[i]) * (seen[i] - mean[i]) / mean.length;
      }
      least = Math.min(least, sum);
    }
    return least;
  }

  @Test
  void footprint_countsTheFormerHypernetworkAndTheMeans() {
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference();
        TaskNetworks learner = new DependencyPreserving().learner(
            options(OptimiserOptions.sgd(0.1), TaskNetworkOptions.Recognition.MEANS, 2), world.context(1))) {
      learn(learner, world.experiences().get(0));
      long numbers = learner.parameters().size();
      assertEquals(4 * numbers + 8L * 2 * (TinyBackbone.WIDTH + 1), learner.footprint().memoryBytes());
      learner.step(world.experiences().get(1), 0);
      assertEquals(4 * numbers + 8L * 4 * (TinyBackbone.WIDTH + 1), learner.footprint().memoryBytes());
      // An embedding, those of one chunk, and the units that are added.
      int grown = 4 * 2 * (6 + 5) + 4 * 2 * 2 + 4 * 2 + 16 * 2;
      assertEquals(numbers + 3 + 3 + grown, learner.footprint().trainableParameters());
    }
  }

  @Test
  void options_outOfRange_areRefusedInOneLine() {
    TaskNetworkOptions good = new DependencyPreserving().defaults().networks();
    assertEquals("expected layers between 1 and 16, got 0", assertThrows(UsageException.class, () ->
        new TaskNetworkOptions(1, 32, good.optimisation(), 256, 0, 8192, 32, 64, 0.1, good.recognition(), 1))
        .getMessage());
    assertEquals("expected a temperature above 0, got 0.0", assertThrows(UsageException.class, () ->
        new TaskNetworkOptions(1, 32, good.optimisation(), 256, 1, 8192, 32, 64, 0.1, good.recognition(), 0))
        .getMessage());
    assertEquals("expected growth between 0 and 65536, got -1",
        assertThrows(UsageException.class, () -> new DependencyPreserving.Options(good, -1)).getMessage());
  }
}
