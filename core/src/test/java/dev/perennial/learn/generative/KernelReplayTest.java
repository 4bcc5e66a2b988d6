package dev.perennial.learn.generative;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.RandomProjection;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class KernelReplayTest {

  private static final int FEATURES = 40;
  private static final int GENERATED = 6;
  private static final double RIDGE = 0.05;
  private static final int RANK = 3;
  private static final long SEED = 6;

  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Learner learner(LearnerContext context) {
    return new KernelReplay().learner(
        new KernelReplay.Options(RANK, GENERATED, new AnalyticOptions(FEATURES, 1, RIDGE)), context);
  }

  private static void learn(Learner learner, List<Experience> stream) {
    for (Experience experience : stream) {
      for (long step = 0; step < learner.steps(experience); step++) {
        learner.step(experience, step);
      }
    }
  }

  private static Map<String, StatePart> state(Learner learner) {
    Map<String, StatePart> state = new HashMap<>();
    learner.state().forEach(part -> state.put(part.name(), part));
    return state;
  }

  @Test
  void scores_areThoseOfKernelRidgeRegressionOnTheRowsMadeUp() {
    try (var world = new World(TinyBackbone.frozen(), 2, World.letters(2, 2, 9))) {
      LearnerContext context = world.context(SEED);
      try (Learner learner = learner(context);
          var projection = new RandomProjection(1, TinyBackbone.WIDTH, FEATURES, CounterRandom.of(SEED, 31))) {
        learn(learner, world.experiences());
        var generators = new Generators(TinyBackbone.WIDTH, RANK);
        generators.restore(state(learner), 4);
        double[][] made = new double[4 * GENERATED][];
        for (int c = 0; c < 4; c++) {
          double[][] rows = rows(Tensors.toDoubles(projection.apply(
              generators.draw(c, GENERATED, CounterRandom.of(SEED, 31, 1, 1, c)))));
          System.arraycopy(rows, 0, made, c * GENERATED, GENERATED);
        }
        List<Input> inputs = world.experiences().getFirst().train().stream().map(Example::input).toList();
        double[][] queries = rows(Tensors.toDoubles(
            projection.apply(context.cache().features(inputs, FeatureCache.Frozen.BACKBONE))));
        double[][] expected = kernelRidge(made, queries);
        double[] scores = Tensors.toDoubles(learner.scores(inputs));
        double largest = 0;
        for (int row = 0; row < queries.length; row++) {
          for (int c = 0; c < 4; c++) {
            assertEquals(expected[row][c], scores[row * 4 + c], 1e-4, "row " + row + ", class " + c);
            largest = Math.max(largest, Math.abs(scores[row * 4 + c]));
          }
        }
        assertTrue(largest > 0.3, "scores up to " + largest);
      }
    }
  }

  private static double[][] rows(double[] flat) {
    double[][] rows = new double[flat.length / FEATURES][FEATURES];
    for (int i = 0; i < flat.length; i++) {
      rows[i / FEATURES][i % FEATURES] = flat[i];
    }
    return rows;
  }

  /** {@code k(x, S) (k(S, S) + ridge I)^-1 Y} by elimination, the ridge a share of a feature's mean sum of squares. */
  private static double[][] kernelRidge(double[][] made, double[][] queries) {
    int n = made.length;
    double[][] system = new double[n][n + 4];
    double trace = 0;
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        system[i][j] = dot(made[i], made[j]);
      }
      trace += system[i][i];
      system[i][n + i / GENERATED] = 1;
    }
    for (int i = 0; i < n; i++) {
      system[i][i] += RIDGE * trace / FEATURES;
    }
    for (int pivot = 0; pivot < n; pivot++) {
      for (int row = 0; row < n; row++) {
        if (row != pivot) {
          double factor = system[row][pivot] / system[pivot][pivot];
          for (int c = pivot; c < n + 4; c++) {
            system[row][c] -= factor * system[pivot][c];
          }
        }
      }
    }
    double[][] scores = new double[queries.length][4];
    for (int q = 0; q < queries.length; q++) {
      for (int i = 0; i < n; i++) {
        double kernel = dot(queries[q], made[i]);
        for (int c = 0; c < 4; c++) {
          scores[q][c] += kernel * system[i][n + c] / system[i][i];
        }
      }
    }
    return scores;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void memory_isTheGeneratorsToTheByte_howeverManyRowsThereWere() {
    long kept = 0;
    for (int rows : new int[] {5, 50}) {
      try (var world = new World(TinyBackbone.frozen(), 2, World.letters(2, 2, rows))) {
        LearnerContext context = world.context(SEED);
        try (Learner learner = learner(context)) {
          learn(learner, world.experiences());
          long bytes = LearnerState.part(state(learner), "generators").tensors().values().stream()
              .mapToLong(tensor -> tensor.data().byteSize()).sum();
          Learner.Footprint footprint = learner.footprint();
          assertEquals(bytes, footprint.memoryBytes());
          assertEquals(4 * (4 * 12 * (1 + RANK) + 16), bytes, "4 classes of a mean and 3 directions of 12 floats");
          assertEquals(context.ledger().total(Resource.BYTES), footprint.addedBytes() + footprint.memoryBytes());
          assertTrue(kept == 0 || kept == bytes);
          kept = bytes;
        }
      }
    }
  }

  @Test
  void classSeenAgain_isLearnedFromItsOldAndItsNewRows() {
    List<Experience> once = World.letters(1, 2, 20);
    Experience all = once.getFirst();
    var first = new Experience(0, "first", all.classes(), all.train().subList(0, 20), List.of());
    var second = new Experience(1, "second", all.classes(), all.train().subList(20, all.train().size()), List.of());
    try (var world = new World(TinyBackbone.frozen(), 2, once);
        Learner whole = learner(world.context(SEED));
        Learner parts = learner(world.context(SEED))) {
      learn(whole, once);
      learn(parts, List.of(first, second));
      float[] means = LearnerState.part(state(whole), "generators").tensor("means").floats();
      float[] merged = LearnerState.part(state(parts), "generators").tensor("means").floats();
      long[] rows = LearnerState.part(state(parts), "generators").tensor("rows").longs();
      assertEquals(all.train().size(), rows[0] + rows[1]);
      for (int i = 0; i < means.length; i++) {
        assertEquals(means[i], merged[i], 1e-6);
      }
    }
  }

  @Test
  void restore_generatorsOfAnotherRank_isRefused() {
    try (var world = new World(TinyBackbone.frozen(), 2, World.letters(1, 2, 5));
        Learner learner = learner(world.context(SEED));
        Learner other = new KernelReplay().learner(
            new KernelReplay.Options(RANK + 1, GENERATED, new AnalyticOptions(FEATURES, 1, RIDGE)),
            world.context(SEED))) {
      learn(learner, world.experiences());
      Map<String, StatePart> state = state(learner);
      assertThrows(FailureException.class, () -> other.restore(state, world.experiences()));
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    AnalyticOptions head = new KernelReplay().defaults().head();
    assertThrows(UsageException.class, () -> new KernelReplay.Options(0, 5, head));
    assertThrows(UsageException.class, () -> new KernelReplay.Options(5, 0, head));
  }
}
