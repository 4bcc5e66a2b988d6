package dev.perennial.learn;

import static org.bytedeco.pytorch.global.torch.ScalarType;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On the quadratic {@code sum a_i w_i² / 2}, whose gradient is {@code a_i w_i}. */
final class AscentTest {

  private static final double[] CURVATURE = {2, 0.5, 1, 4};
  private static final double[] START = {1, -2, 3, 0.25};
  private static final CounterRandom RANDOM = CounterRandom.of(3);

  private TensorScope scope;
  private Tensor values;
  private Supplier<Tensor> gradient;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
    values = Tensors.doubles(START, 4).to(ScalarType.Float);
    Tensor curvature = Tensors.doubles(CURVATURE, 4).to(ScalarType.Float);
    gradient = () -> values.mul(curvature);
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void gradient_nothingAsked_isTheGradientItself() {
    Tensor only = gradient.get();
    try (var ascent = new Ascent(AscentOptions.NONE, 4)) {
      assertSame(only, ascent.gradient(values, true, () -> only, RANDOM));
      assertEquals(Map.of(), ascent.state());
    }
  }

  @Test
  void gradient_sam_isThatAtThePerturbedValues_whichAreSetBack() {
    double radius = 0.3;
    double norm = 0;
    for (int i = 0; i < 4; i++) {
      norm += Math.pow(CURVATURE[i] * START[i], 2);
    }
    norm = Math.sqrt(norm);
    double[] expected = new double[4];
    for (int i = 0; i < 4; i++) {
      expected[i] = CURVATURE[i] * (START[i] + radius * CURVATURE[i] * START[i] / norm);
    }
    try (var ascent = new Ascent(new AscentOptions(radius, 0, 1, 0), 4)) {
      assertArrayEquals(expected, Tensors.toDoubles(ascent.gradient(values, true, gradient, RANDOM)), 1e-5);
      assertArrayEquals(START, Tensors.toDoubles(values));
    }
  }

  @Test
  void gradient_samWhereItIsZero_staysZero() {
    values.zero_();
    try (var ascent = new Ascent(new AscentOptions(0.3, 0, 1, 0), 4)) {
      assertArrayEquals(new double[4], Tensors.toDoubles(ascent.gradient(values, true, gradient, RANDOM)));
    }
  }

  @Test
  void gradient_refresh_unlearnsByTheDampedInverseOfTheMovingMeanOfSquares() {
    double rate = 0.1;
    double[] expected = START.clone();
    double[] squares = new double[4];
    try (var ascent = new Ascent(new AscentOptions(0, rate, 2, 0), 4)) {
      for (int step = 0; step < 3; step++) {
        Tensor relearned = ascent.gradient(values, step == 0, gradient, RANDOM);
        for (int repetition = 0; repetition < 2; repetition++) {
          boolean first = step == 0 && repetition == 0;
          double mean = 0;
          for (int i = 0; i < 4; i++) {
            double slope = CURVATURE[i] * expected[i];
            squares[i] = first ? slope * slope : 0.99 * squares[i] + 0.01 * slope * slope;
            mean += squares[i] / 4;
          }
          for (int i = 0; i < 4; i++) {
            expected[i] += rate * CURVATURE[i] * expected[i] / (1 + squares[i] / mean);
          }
        }
        assertArrayEquals(expected, Tensors.toDoubles(values), 1e-5);
        double[] slopes = new double[4];
        for (int i = 0; i < 4; i++) {
          slopes[i] = CURVATURE[i] * expected[i];
        }
        assertArrayEquals(slopes, Tensors.toDoubles(relearned), 1e-5);
      }
    }
  }

  @Test
  void gradient_refreshWithNoise_hasTheVarianceOfTheSource() {
    int size = 40_000;
    Tensor many = Tensors.zeros(size);
    // Gradients of 1 and 3: mean square 5, inverses 1 / (1 + 1/5) and 1 / (1 + 9/5).
    float[] slopes = new float[size];
    for (int i = 0; i < size; i++) {
      slopes[i] = i % 2 == 0 ? 1 : 3;
    }
    Tensor constant = Tensors.floats(slopes, size);
    double rate = 0.2;
    double share = 0.5;
    try (var ascent = new Ascent(new AscentOptions(0, rate, 1, share), size)) {
      ascent.gradient(many, true, () -> constant, RANDOM);
    }
    double[] moved = Tensors.toDoubles(many);
    for (int kind = 0; kind < 2; kind++) {
      double inverse = kind == 0 ? 1 / 1.2 : 1 / 2.8;
      double mean = 0;
      double square = 0;
      for (int i = kind; i < size; i += 2) {
        mean += moved[i] / (size / 2.0);
        square += moved[i] * moved[i] / (size / 2.0);
      }
      double variance = share * share * 2 * rate * inverse;
      assertEquals(rate * inverse * (kind == 0 ? 1 : 3), mean, 5 * Math.sqrt(variance / (size / 2.0)));
      assertEquals(variance, square - mean * mean, 0.05 * variance);
    }
  }

  @Test
  void components_outOfRange_areRefusedByName() {
    assertEquals("expected sam between 0 and 10, got -1.0",
        assertThrows(UsageException.class, () -> new AscentOptions(-1, 0, 1, 0)).getMessage());
    assertThrows(UsageException.class, () -> new AscentOptions(0, 11, 1, 0));
    assertThrows(UsageException.class, () -> new AscentOptions(0, 0, 0, 0));
    assertThrows(UsageException.class, () -> new AscentOptions(0, 0, 1, 2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"fine-tune", "replay", "ewc", "si", "vcl", "unified"})
  void learner_withBoth_learnsOtherwise_andGoesOnToTheSameBits(String technique) {
    try (World world = World.tiny(1)) {
      String plain = learned(world, technique, Map.of(), -1);
      Map<String, String> both = Map.of("sam", "0.05", "refresh", "0.001", "refreshNoise", "0.01");
      String moved = learned(world, technique, both, -1);
      assertNotEquals(plain, moved);
      assertEquals(moved, learned(world, technique, both, 7));
    }
  }

  /** The digest of the state after the stream; the run is stopped and resumed before a step of the second experience. */
  private static String learned(World world, String technique, Map<String, String> asked, int stop) {
    var options = new HashMap<>(asked);
    options.putAll(Map.of("epochs", "3", "batch", "4", "rate", "0.01", "sites", "linear"));
    Techniques.Choice<?> choice = Techniques.load().choose(technique, options);
    LearnerContext context = world.context(1);
    Learner learner = choice.learner(context);
    for (Experience experience : world.experiences()) {
      long steps = learner.steps(experience);
      assertTrue(steps > 7);
      for (long step = 0; step < steps; step++) {
        if (experience.index() == 1 && step == stop) {
          Learner resumed = choice.learner(context);
          var state = new HashMap<String, StatePart>();
          learner.state().forEach(part -> state.put(part.name(), part));
          resumed.restore(state, world.experiences().subList(0, 2));
          learner.close();
          learner = resumed;
        }
        learner.step(experience, step);
      }
    }
    String digest = StateDigest.of(learner.state());
    learner.close();
    return digest;
  }
}
