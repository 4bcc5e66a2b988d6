package dev.perennial.learn.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.learn.prototype.Ncm;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PrivateNcmTest {

  private static final PrivateNcm METHOD = new PrivateNcm();

  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static PrivateNcm.Options options(double epsilon, int horizon, double clip) {
    return new PrivateNcm.Options(new PrivacyBudget(epsilon, 1e-6), horizon, clip);
  }

  private static ClassStatistics statistics(double epsilon, int horizon, double clip, long seed) {
    var statistics = new ClassStatistics(2, options(epsilon, horizon, clip), seed);
    statistics.grow(2);
    return statistics;
  }

  private static void learn(Learner learner, List<Experience> stream) {
    for (Experience experience : stream) {
      for (long step = 0; step < learner.steps(experience); step++) {
        learner.step(experience, step);
      }
    }
  }

  @Test
  void scores_withHardlyAnyNoise_areThoseOfNcm() {
    try (var world = World.tiny(2)) {
      List<Input> inputs = world.experiences().getFirst().train().stream().map(Example::input).toList();
      LearnerContext context = world.context(1);
      // So short a clip makes all features count the same, as they do in ncm.
      try (Learner learner = METHOD.learner(options(1e6, 1, 0.01), context);
          Learner ncm = new Ncm().learner(new Ncm().defaults(), context)) {
        learn(learner, world.experiences());
        learn(ncm, world.experiences());
        assertArrayEquals(Tensors.toFloats(ncm.scores(inputs)), Tensors.toFloats(learner.scores(inputs)), 2e-3f);
      }
    }
  }

  @Test
  void scores_withinAnExperience_sayNothingOfItsRows() {
    try (var world = new World(TinyBackbone.frozen(), 2, World.letters(1, 2, 300))) {
      Experience experience = world.experiences().getFirst();
      List<Input> inputs = experience.train().subList(0, 5).stream().map(Example::input).toList();
      try (Learner learner = METHOD.learner(options(1e6, 1, 1), world.context(1))) {
        assertEquals(2, learner.steps(experience));
        learner.step(experience, 0);
        for (float score : Tensors.toFloats(learner.scores(inputs))) {
          assertEquals(-2, score);
        }
        learner.step(experience, 1);
        assertTrue(Tensors.toFloats(learner.scores(inputs))[0] != -2);
      }
    }
  }

  @Test
  void memory_isTheExactAndTheNoisySumsToTheByte() {
    try (var world = World.tiny(2)) {
      LearnerContext context = world.context(1);
      try (Learner learner = METHOD.learner(options(3, 16, 1), context)) {
        learn(learner, world.experiences());
        var parts = new HashMap<String, StatePart>();
        learner.state().forEach(part -> parts.put(part.name(), part));
        long bytes = LearnerState.part(parts, "statistics").tensors().values().stream()
            .mapToLong(tensor -> tensor.data().byteSize()).sum();
        Learner.Footprint footprint = learner.footprint();
        assertEquals(bytes, footprint.memoryBytes());
        // 6 classes; 12 features and a count; exact and noisy at 5 levels, and what is pending; and a time.
        assertEquals(6 * 8 * (13 * (2 * 5 + 1) + 1), bytes);
        assertEquals(6 * 13 * 8, footprint.addedBytes());
        assertEquals(footprint.addedBytes() + footprint.memoryBytes(), context.ledger().total(Resource.BYTES));
      }
    }
  }

  @Test
  void add_oneRow_addsAtMostTheSensitivity_whateverItsFeatures() {
    double sensitivity = Math.hypot(ClassStatistics.STEPS, ClassStatistics.COUNT);
    float[][] rows = {{3, 4}, {0.3f, 0.4f}, {-1e30f, 1e30f}, {0, 0}, {Float.MIN_VALUE, -1}, {0.6f, 0.8f}, {1, 0}};
    for (float[] row : rows) {
      ClassStatistics with = statistics(1, 4, 1, 3);
      ClassStatistics without = statistics(1, 4, 1, 3);
      with.add(new float[] {0.5f, 0.5f, row[0], row[1]}, new long[] {0, 0});
      without.add(new float[] {0.5f, 0.5f}, new long[] {0});
      with.release(new int[] {0, 1});
      without.release(new int[] {0, 1});
      // Under one seed the noise is the same: what is left is what the row added.
      double first = (with.sum(0)[0] - without.sum(0)[0]) * ClassStatistics.STEPS;
      double second = (with.sum(0)[1] - without.sum(0)[1]) * ClassStatistics.STEPS;
      double count = (with.count(0) - without.count(0)) * ClassStatistics.COUNT;
      assertTrue(Math.sqrt(first * first + second * second + count * count) <= sensitivity);
      assertEquals(1, with.count(0) - without.count(0), 1e-9);
      assertArrayEquals(with.sum(1), without.sum(1));
      double length = Math.max(1, Math.hypot(row[0], row[1]));
      assertEquals(row[0] / length, first / ClassStatistics.STEPS, 1.0 / ClassStatistics.STEPS);
      assertEquals(row[1] / length, second / ClassStatistics.STEPS, 1.0 / ClassStatistics.STEPS);
    }
  }

  @Test
  void release_noise_isWhatTheBudgetAsksFor() {
    double epsilon = 2;
    double expected = Math.sqrt(17.0 / 16) * Math.sqrt(3 / (2 * new PrivacyBudget(epsilon, 1e-6).rho()));
    double squares = 0;
    int trials = 3000;
    for (int trial = 0; trial < trials; trial++) {
      ClassStatistics statistics = statistics(epsilon, 4, 1, trial);
      statistics.release(new int[] {0, 1});
      squares += (Math.pow(statistics.sum(0)[0], 2) + Math.pow(statistics.sum(1)[1], 2)) / (2.0 * trials);
    }
    assertEquals(expected, Math.sqrt(squares), 0.05 * expected);
  }

  @Test
  void classSeenMoreOftenThanTheHorizon_isRefused() {
    Experience one = World.letters(1, 2, 5).getFirst();
    var again = new Experience(1, "again", one.classes(), one.train(), List.of());
    try (var world = new World(TinyBackbone.frozen(), 2, List.of(one, again));
        Learner learner = METHOD.learner(options(3, 1, 1), world.context(1))) {
      learn(learner, List.of(one));
      String message = String.valueOf(
          assertThrows(FailureException.class, () -> learner.step(again, 0)).getMessage());
      assertTrue(message.contains("horizon"), message);
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> options(3, 0, 1));
    assertThrows(UsageException.class, () -> options(3, 4, 0));
    assertThrows(UsageException.class, () -> options(3, 4, Double.POSITIVE_INFINITY));
    assertThrows(UsageException.class, () -> options(0, 4, 1));
  }
}
