package dev.perennial.learn.fewshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class SsmProjectorTest {

  private static final int ROWS = 2;
  private static final int PLACES = 3;
  private static final int CHANNELS = 4;
  private static final int STATES = 5;

  /** Input, steps, decay, writes, reads and skip, as the scan takes them. */
  private final double[][] inputs = {
      drawn(1, ROWS * PLACES * CHANNELS), positive(2, ROWS * PLACES * CHANNELS, 1), positive(3, CHANNELS * STATES, -1),
      drawn(4, ROWS * PLACES * STATES), drawn(5, ROWS * PLACES * STATES), drawn(6, CHANNELS)};

  private static final long[][] SHAPES = {
      {ROWS, PLACES, CHANNELS}, {ROWS, PLACES, CHANNELS}, {CHANNELS, STATES}, {ROWS, PLACES, STATES},
      {ROWS, PLACES, STATES}, {CHANNELS}};

  private static double[] drawn(int use, int length) {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = CounterRandom.of(3, use).gaussian(i);
    }
    return values;
  }

  private static double[] positive(int use, int length, double sign) {
    double[] values = drawn(use, length);
    for (int i = 0; i < length; i++) {
      values[i] = sign * (0.1 + Math.abs(values[i]));
    }
    return values;
  }

  private static Tensor[] tensors(double[][] values) {
    Tensor[] tensors = new Tensor[values.length];
    for (int i = 0; i < tensors.length; i++) {
      tensors[i] = Tensors.doubles(values[i], SHAPES[i]);
    }
    return tensors;
  }

  private static Tensor scan(Tensor... of) {
    return SelectiveScan.of(of[0], of[1], of[2], of[3], of[4], of[5]);
  }

  /** The recurrence, number by number. */
  private static double[] plainScan(double[][] of) {
    double[] outputs = new double[ROWS * PLACES * CHANNELS];
    for (int row = 0; row < ROWS; row++) {
      for (int e = 0; e < CHANNELS; e++) {
        double[] hidden = new double[STATES];
        for (int t = 0; t < PLACES; t++) {
          int at = (row * PLACES + t) * CHANNELS + e;
          double y = of[5][e] * of[0][at];
          for (int n = 0; n < STATES; n++) {
            int state = (row * PLACES + t) * STATES + n;
            hidden[n] = Math.exp(of[1][at] * of[2][e * STATES + n]) * hidden[n] + of[1][at] * of[3][state] * of[0][at];
            y += of[4][state] * hidden[n];
          }
          outputs[at] = y;
        }
      }
    }
    return outputs;
  }

  @Test
  void scan_anySequence_isThePlainRecurrence() {
    try (TensorScope scope = TensorScope.inference()) {
      assertArrayEquals(plainScan(inputs), Tensors.toDoubles(scan(tensors(inputs))), 1e-12);
    }
  }

  @Test
  void scanGradient_everyInput_isTheFiniteDifference() {
    double[] weights = drawn(7, ROWS * PLACES * CHANNELS);
    double[][] gradients = new double[inputs.length][];
    try (TensorScope scope = TensorScope.training()) {
      Tensor[] leaves = tensors(inputs);
      for (Tensor leaf : leaves) {
        leaf.set_requires_grad(true);
      }
      scan(leaves).mul(Tensors.doubles(weights, SHAPES[0])).sum().backward();
      for (int i = 0; i < leaves.length; i++) {
        gradients[i] = Tensors.toDoubles(leaves[i].grad());
      }
    }
    double by = 1e-6;
    for (int i = 0; i < inputs.length; i++) {
      for (int k = 0; k < inputs[i].length; k++) {
        double value = inputs[i][k];
        inputs[i][k] = value + by;
        double above = weighted(weights);
        inputs[i][k] = value - by;
        double below = weighted(weights);
        inputs[i][k] = value;
        assertEquals((above - below) / (2 * by), gradients[i][k], 1e-7, "input " + i + " at " + k);
      }
    }
  }

  private double weighted(double[] weights) {
    double[] outputs = plainScan(inputs);
    double sum = 0;
    for (int i = 0; i < outputs.length; i++) {
      sum += weights[i] * outputs[i];
    }
    return sum;
  }

  @Test
  void branch_new_changesNothingAndItsGateLearns() {
    try (var parameters = new Parameters();
        var owner = new TensorOwner();
        TensorScope scope = TensorScope.training()) {
      SelectiveBranch.initialise(parameters, PLACES, 6, CHANNELS, STATES, CounterRandom.of(9));
      Map<String, Tensor> leaves = parameters.leaves(Tensors.zeros(parameters.size()), owner);
      double[] rows = drawn(8, ROWS * PLACES * 6);
      float[] floats = new float[rows.length];
      for (int i = 0; i < rows.length; i++) {
        floats[i] = (float) rows[i];
      }
      Tensor output = SelectiveBranch.of(Tensors.floats(floats, ROWS, PLACES, 6), leaves).output();
      assertArrayEquals(new float[ROWS * PLACES * 6], Tensors.toFloats(output));
      output.sum().backward();
      Tensor gate = leaves.getOrDefault("gate", output);
      assertTrue(gate.grad().abs().sum().item_double() > 0, "a gate of 0 has to be able to open");
    }
  }

  @Test
  void vertices_anyNumberOfClasses_areAtTheCosineOfAFullSimplex() {
    for (int width : new int[] {1, 2, 7, 48}) {
      for (int count = 0; count <= width + 1; count++) {
        float[] vertices = Simplex.vertices(count, width);
        for (int i = 0; i < count; i++) {
          for (int j = 0; j < count; j++) {
            double product = 0;
            for (int d = 0; d < width; d++) {
              product += (double) vertices[i * width + d] * vertices[j * width + d];
            }
            // K = width + 1 of them: -1 / (K - 1).
            assertEquals(i == j ? 1 : -1.0 / width, product, 1e-6);
          }
        }
      }
    }
    assertThrows(IllegalArgumentException.class, () -> Simplex.vertices(9, 7));
  }

  @Test
  void losses_knownRows_areTheirDefinitions() {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor cosines = Tensors.floats(new float[] {0.5f, 0.2f, -0.1f, 0.9f}, 2, 2);
      long[] labels = {0, 1};
      assertEquals((0.25 + 0.01) / 4, ProjectorLoss.dotRegression(cosines, labels).item_double(), 1e-6);
      double first = Math.log(1 + Math.exp((0.2 - 0.5) / 0.3));
      double second = Math.log(1 + Math.exp((-0.1 - 0.9) / 0.3));
      assertEquals((first + second) / 2, ProjectorLoss.crossEntropy(cosines, labels, 0.3).item_double(), 1e-6);
      assertEquals(5.0 / 4, ProjectorLoss.loudness(Tensors.floats(new float[] {3, 0, 0, 4}, 2, 2)).item_double(), 1e-6);
      var scanned = new SelectiveBranch.Scanned(
          cosines,
          Tensors.floats(new float[] {1, 0, 1, 0, 0, -2, 0, -2}, 2, 2, 2),
          Tensors.floats(new float[] {1, 1, 3, 3, -1, -1, 0, 0}, 2, 2, 2),
          Tensors.floats(new float[] {1, 0, 3, 0, 2, 2, 1, 1}, 2, 2, 2));
      double expected = (0 + 1 + Math.sqrt(0.5)) / 2 / 3;
      assertEquals(
          expected, ProjectorLoss.likeness(scanned, new long[] {0}, new long[] {1}).item_double(), 1e-6);
    }
  }

  @Test
  void laterExperience_trainsTheIncrementalBranchAlone() {
    try (World world = World.tiny(1)) {
      var context = world.context(1);
      try (Learner learner = learner(context, Map.of("batch", "4"))) {
        learn(learner, world.experiences().getFirst());
        float[] base = branch(learner, "base");
        learn(learner, world.experiences().get(1));
        float[] incremental = branch(learner, "incremental");
        learn(learner, world.experiences().get(2));
        assertArrayEquals(base, branch(learner, "base"));
        assertEquals(base.length, incremental.length, "later experiences share one branch");
        assertTrue(different(incremental, branch(learner, "incremental")));
        // A mean sequence of each class, and how many rows it is of.
        assertEquals(6 * (2 * TinyBackbone.WIDTH + 1) * 8, learner.footprint().memoryBytes());
      }
    }
  }

  @Test
  void simplex_moreClassesThanVertices_isRefused() {
    try (World world = new World(TinyBackbone.frozen(), 1, World.letters(2, 13, 2))) {
      try (Learner learner = learner(world.context(1), Map.of("classifier", "simplex", "baseEpochs", "1"))) {
        learn(learner, world.experiences().getFirst());
        var refused = assertThrows(UsageException.class, () -> learn(learner, world.experiences().get(1)));
        assertEquals("expected at most 25 classes, one more than 2 blocks of tiny have features, got 26: "
            + "give --option classifier=means", refused.getMessage());
      }
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    for (Map<String, String> wrong : List.of(
        Map.of("temperature", "0"), Map.of("suppress", "-1"), Map.of("levels", "0"), Map.of("states", "257"),
        Map.of("baseEpochs", "-1"), Map.of("baseRate", "0"), Map.of("newRate", "11"))) {
      assertThrows(UsageException.class, () -> Techniques.load().choose("ssm-projector", wrong), wrong.toString());
    }
  }

  private static Learner learner(LearnerContext context, Map<String, String> options) {
    return Techniques.load().choose("ssm-projector", options).learner(context);
  }

  private static void learn(Learner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  private static float[] branch(Learner learner, String name) {
    try (TensorScope scope = TensorScope.inference()) {
      return learner.state().stream().filter(part -> part.name().equals(name)).findFirst().orElseThrow().tensors()
          .values().stream().map(Tensors::copyOf).map(Tensors::toFloats)
          .reduce(new float[0], SsmProjectorTest::joined);
    }
  }

  private static float[] joined(float[] one, float[] other) {
    float[] both = Arrays.copyOf(one, one.length + other.length);
    System.arraycopy(other, 0, both, one.length, other.length);
    return both;
  }

  private static boolean different(float[] one, float[] other) {
    return !Arrays.equals(one, other);
  }
}
