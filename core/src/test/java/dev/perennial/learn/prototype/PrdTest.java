package dev.perennial.learn.prototype;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PrdTest {

  private static final int WIDTH = 4;
  private static final int HIDDEN = 9;
  private static final int PROJECTED = 3;
  private static final int ROWS = 5;
  private static final int CLASSES = 5;
  /** Class 2 comes once, so its row has no positive. */
  private static final long[] LABELS = {3, 4, 3, 2, 3};
  private static final GradientOptions TRAINING = new GradientOptions(
      2, 4, OptimiserOptions.sgd(0.05), new LoraOptions(2, 4, 0, "linear"),
      new HeadOptions(HeadOptions.Kind.COSINE, 0.1));

  private static Prd.Options options(double prototypes, double relations, double projectionRate) {
    return options(Prd.Relation.SAMPLES, prototypes, relations, projectionRate);
  }

  private static Prd.Options options(
      Prd.Relation relation, double prototypes, double relations, double projectionRate) {
    return new Prd.Options(TRAINING, 0.5, prototypes, relations, relation, HIDDEN, PROJECTED, projectionRate);
  }

  private static float[] normal(int use, int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) CounterRandom.of(16, use).gaussian(i);
    }
    return values;
  }

  /** An objective that knew two experiences, of two classes and of one, with a projection that is drawn. */
  private static Prd.Relations knowing(Prd.Options options) {
    var relations = new Prd.Relations(options, 3, WIDTH);
    var tensors = new HashMap<String, TensorData>(relations.state().getFirst().tensors());
    tensors.put("groups", TensorData.of(new long[] {2, 1}, 2));
    tensors.put("teacher", TensorData.of(new float[0], 0, 3));
    relations.restore(Map.of("relations", StatePart.of("relations", Combine.LATEST, tensors)), List.of());
    return relations;
  }

  @ParameterizedTest
  @EnumSource
  void follow_knownFeatures_isTheLossAndTheFiniteDifferencesOfPlainLoops(Prd.Relation relation) {
    float[] features = normal(1, ROWS * WIDTH);
    float[] prototypes = normal(2, CLASSES * WIDTH);
    float[] answers = normal(3, ROWS * 3);
    try (var relations = knowing(options(relation, 2, 4, 0.1))) {
      StatePart layers = relations.state().getFirst();
      double[] first = doubles(layers.tensor("projection.0").floats());
      double[] second = doubles(layers.tensor("projection.1").floats());
      double[] f = doubles(features);
      double[] p = doubles(prototypes);
      double[] a = doubles(answers);
      Value loss = () -> plain(relation, f, f, p, a, first, second);
      assertEquals(loss.get(), relations.follow(features, prototypes, LABELS, answers, 0), 1e-4);
      assertSlopes(f, relations.towardsFeatures(), () -> plain(relation, f, doubles(features), p, a, first, second));
      assertSlopes(p, relations.towardsPrototypes(), loss);
      relations.follow(features, prototypes, LABELS, answers, 0.1);
      StatePart moved = relations.state().getFirst();
      assertMoved(first, moved.tensor("projection.0").floats(), loss);
      assertMoved(second, moved.tensor("projection.1").floats(), loss);
    }
  }

  @Test
  void follow_relationsOfTheTeacher_distilNothing() {
    float[] features = normal(1, ROWS * WIDTH);
    float[] prototypes = normal(2, CLASSES * WIDTH);
    float[] answers = new float[ROWS * 3];
    for (int i = 0; i < answers.length; i++) {
      answers[i] = (float) product(doubles(features), i / 3, unit(doubles(prototypes), CLASSES, WIDTH), i % 3, WIDTH);
    }
    try (var with = knowing(options(0, 4, 0.1)); var without = knowing(options(0, 0, 0.1))) {
      with.follow(features, prototypes, LABELS, answers, 0);
      without.follow(features, prototypes, LABELS, answers, 0);
      assertArrayEquals(without.towardsFeatures(), with.towardsFeatures(), 1e-5f);
      assertArrayEquals(new float[CLASSES * WIDTH], with.towardsPrototypes(), 1e-5f);
    }
  }

  @Test
  void gradient_throughTheNetwork_isTheFiniteDifference() {
    var options = options(0, 0, 1e-12);
    try (var world = World.tiny(3); var scope = TensorScope.inference();
        var relations = new Prd.Relations(options, 1, TinyBackbone.WIDTH);
        var learner = new GradientLearner(TRAINING, world.context(1), relations)) {
      Experience experience = world.experiences().getFirst();
      learner.step(experience, 0);
      List<Example> rows = experience.train().subList(0, 7);
      var batch = new Batch(experience, 1, rows, 7);
      Tensor flat = relations.gradient(
          batch, learner, () -> learner.gradient(rows, part -> relations.taskLoss(batch, part)));
      float[] gradient = Tensors.toFloats(flat);
      float[] values = Tensors.toFloats(learner.parameters().values());
      for (int trial = 0; trial < 4; trial++) {
        float[] direction = new float[values.length];
        double slope = 0;
        for (int i = 0; i < direction.length; i++) {
          direction[i] = (float) CounterRandom.of(8, trial).gaussian(i);
          slope += (double) direction[i] * gradient[i];
        }
        double difference = loss(learner, relations, rows, values, direction, 1e-3)
            - loss(learner, relations, rows, values, direction, -1e-3);
        assertEquals(slope, difference / 2e-3, 1e-2 * Math.max(1, Math.abs(slope)));
      }
    }
  }

  private static double loss(GradientLearner learner, Prd.Relations relations, List<Example> rows, float[] values,
      float[] direction, double step) {
    float[] moved = values.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += (float) (step * direction[i]);
    }
    Tensor flat = learner.parameters().values();
    flat.copy_(Tensors.floats(moved, moved.length));
    float[] features = Tensors.toFloats(learner.features(rows.stream().map(Example::input).toList()));
    int head = (int) (learner.classes().size() * TinyBackbone.WIDTH);
    float[] prototypes = Arrays.copyOfRange(moved, moved.length - head, moved.length);
    double loss = relations.follow(features, prototypes, learner.classes().indicesOf(rows), new float[0], 0);
    flat.copy_(Tensors.floats(values, values.length));
    return loss;
  }

  @Test
  void learner_oneOrThreeWorkers_learnTheSame() {
    float[] one = learned(1);
    float[] three = learned(3);
    assertArrayEquals(one, three, 1e-4f);
  }

  private static float[] learned(int workers) {
    try (var world = World.tiny(workers); var scope = TensorScope.inference();
        var learner = (GradientLearner) new Prd().learner(options(2, 4, 0.05), world.context(1))) {
      for (Experience experience : world.experiences().subList(0, 2)) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
        }
      }
      return Tensors.toFloats(learner.parameters().values());
    }
  }

  @Test
  void options_linearHead_isRefused() {
    assertEquals("expected head=cosine, got LINEAR", assertThrows(UsageException.class, () -> new Prd.Options(
        GradientOptions.DEFAULT, 0.1, 2, 4, Prd.Relation.SAMPLES, 8, 8, 0.1)).getMessage());
  }

  @FunctionalInterface
  private interface Value {
    double get();
  }

  private static void assertSlopes(double[] at, float[] gradient, Value loss) {
    assertEquals(at.length, gradient.length);
    for (int i = 0; i < at.length; i++) {
      assertEquals(slope(at, i, loss), gradient[i], 2e-4, "at " + i);
    }
  }

  private static void assertMoved(double[] at, float[] moved, Value loss) {
    double way = 0;
    for (int i = 0; i < at.length; i++) {
      assertEquals(at[i] - 0.1 * slope(at, i, loss), moved[i], 1e-4, "at " + i);
      way += Math.abs(at[i] - moved[i]);
    }
    assertTrue(way > 1e-3, "the projection follows its gradient");
  }

  private static double slope(double[] at, int i, Value loss) {
    double held = at[i];
    at[i] = held + 1e-5;
    double above = loss.get();
    at[i] = held - 1e-5;
    double below = loss.get();
    at[i] = held;
    return (above - below) / 2e-5;
  }

  /** The loss by its formulas; {@code stopped} are the features that the prototypes' loss sees. */
  private static double plain(Prd.Relation relation, double[] f, double[] stopped, double[] p,
      double[] answers, double[] first, double[] second) {
    double[] u = new double[ROWS * PROJECTED];
    for (int row = 0; row < ROWS; row++) {
      for (int out = 0; out < PROJECTED; out++) {
        for (int hidden = 0; hidden < HIDDEN; hidden++) {
          u[row * PROJECTED + out] +=
              second[out * HIDDEN + hidden] * Math.max(0, product(f, row, first, hidden, WIDTH));
        }
      }
    }
    u = unit(u, ROWS, PROJECTED);
    double contrast = 0;
    int anchors = 0;
    for (int i = 0; i < ROWS; i++) {
      double all = 0;
      for (int k = 0; k < ROWS; k++) {
        all += k == i ? 0 : Math.exp(product(u, i, u, k, PROJECTED) / 0.5);
      }
      var own = new ArrayList<Double>();
      for (int j = 0; j < ROWS; j++) {
        if (j != i && LABELS[j] == LABELS[i]) {
          own.add(Math.log(all) - product(u, i, u, j, PROJECTED) / 0.5);
        }
      }
      if (!own.isEmpty()) {
        anchors++;
        contrast += own.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
      }
    }
    double[] directions = unit(p, CLASSES, WIDTH);
    double[] towards = unit(stopped, ROWS, WIDTH);
    double apart = 0;
    for (int row = 0; row < ROWS; row++) {
      apart += (1 - product(towards, row, directions, (int) LABELS[row], WIDTH)) / ROWS;
    }
    double relations = 0;
    for (int[] group : new int[][] {{0, 2}, {2, 3}}) {
      for (int row = 0; row < ROWS; row++) {
        for (int c = group[0]; c < group[1]; c++) {
          double wanted = 0;
          double given = 0;
          boolean samples = relation == Prd.Relation.SAMPLES;
          for (int k = samples ? 0 : group[0]; k < (samples ? ROWS : group[1]); k++) {
            int i = samples ? k : row;
            int j = samples ? c : k;
            wanted += Math.exp(answers[i * 3 + j]);
            given += Math.exp(product(f, i, directions, j, WIDTH));
          }
          relations -= Math.exp(answers[row * 3 + c]) / wanted
              * Math.log(Math.exp(product(f, row, directions, c, WIDTH)) / given)
              / (samples ? group[1] - group[0] : ROWS);
        }
      }
    }
    return contrast / anchors + 2 * apart + 4 * relations;
  }

  private static double product(double[] a, int row, double[] b, int other, int length) {
    double sum = 0;
    for (int i = 0; i < length; i++) {
      sum += a[row * length + i] * b[other * length + i];
    }
    return sum;
  }

  private static double[] unit(double[] rows, int count, int length) {
    double[] unit = new double[count * length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = rows[i] / Math.sqrt(product(rows, i / length, rows, i / length, length));
    }
    return unit;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < doubles.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }
}
