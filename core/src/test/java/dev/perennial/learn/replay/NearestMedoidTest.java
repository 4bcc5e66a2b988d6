package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class NearestMedoidTest {

  private static final int WIDTH = TinyBackbone.WIDTH;

  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Learner learner(int exemplars, LearnerContext context) {
    return new NearestMedoid().learner(new NearestMedoid.Options(exemplars), context);
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

  /** Features at length 1 of the inputs of a class, or of all. */
  private static double[][] features(Experience experience, LearnerContext context, String label) {
    List<Input> inputs = experience.train().stream()
        .filter(example -> label.isEmpty() || example.label().equals(label)).map(Example::input).toList();
    double[] flat = Tensors.toDoubles(context.cache().features(inputs, FeatureCache.Frozen.BACKBONE));
    double[][] rows = new double[inputs.size()][WIDTH];
    for (int row = 0; row < rows.length; row++) {
      double squares = 0;
      for (int i = 0; i < WIDTH; i++) {
        squares += flat[row * WIDTH + i] * flat[row * WIDTH + i];
      }
      for (int i = 0; i < WIDTH; i++) {
        rows[row][i] = flat[row * WIDTH + i] / Math.sqrt(squares);
      }
    }
    return rows;
  }

  private static double distance(double[] a, double[] b) {
    double squares = 0;
    for (int i = 0; i < a.length; i++) {
      squares += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(squares);
  }

  private static double loss(double[][] rows, double[][] medoids) {
    double loss = 0;
    for (double[] row : rows) {
      double least = Double.POSITIVE_INFINITY;
      for (double[] medoid : medoids) {
        least = Math.min(least, distance(row, medoid));
      }
      loss += least;
    }
    return loss;
  }

  @Test
  void exemplars_areRowsOfTheirClass_thatNoSingleSwapImproves() {
    List<Experience> stream = World.letters(2, 2, 25);
    try (var world = new World(TinyBackbone.frozen(), 2, stream)) {
      LearnerContext context = world.context(4);
      try (Learner learner = learner(3, context)) {
        learn(learner, stream);
        float[] kept = LearnerState.part(state(learner), "exemplars").tensor("features").floats();
        assertEquals(4 * 3 * WIDTH, kept.length);
        for (int c = 0; c < 4; c++) {
          double[][] rows = features(stream.get(c / 2), context, "class-" + c);
          double[][] medoids = new double[3][WIDTH];
          for (int i = 0; i < 3 * WIDTH; i++) {
            medoids[i / WIDTH][i % WIDTH] = kept[c * 3 * WIDTH + i];
          }
          assertEquals(0, loss(medoids, rows), 1e-5, "each is one of the rows");
          double found = loss(rows, medoids);
          for (int slot = 0; slot < 3; slot++) {
            for (double[] candidate : rows) {
              double[][] swapped = medoids.clone();
              swapped[slot] = candidate;
              assertTrue(loss(rows, swapped) >= found - 1e-5, "class " + c + ", exemplar " + slot);
            }
          }
        }
      }
    }
  }

  @Test
  void scores_areMinusTheSquaredDistanceToTheNearestExemplarOfEachClass() {
    List<Experience> stream = World.letters(1, 2, 9);
    Experience only = stream.getFirst();
    try (var world = new World(TinyBackbone.frozen(), 2, stream)) {
      LearnerContext context = world.context(4);
      // With as many exemplars as there are rows, each row is its own.
      try (Learner learner = learner(100, context)) {
        learn(learner, stream);
        double[][] all = features(only, context, "");
        float[] scores = Tensors.toFloats(learner.scores(only.train().stream().map(Example::input).toList()));
        for (int row = 0; row < all.length; row++) {
          for (int c = 0; c < 2; c++) {
            double least = Double.POSITIVE_INFINITY;
            for (double[] own : features(only, context, "class-" + c)) {
              least = Math.min(least, distance(all[row], own));
            }
            assertEquals(-least * least, scores[row * 2 + c], 1e-5);
          }
        }
      }
    }
  }

  @Test
  void memory_isTheExemplarsToTheByte_withNothingChargedTwice() {
    Experience one = World.letters(1, 2, 30).getFirst();
    var again = new Experience(1, "again", one.classes(), one.train(), List.of());
    try (var world = new World(TinyBackbone.frozen(), 2, List.of(one, again))) {
      LearnerContext context = world.context(4);
      try (Learner learner = learner(5, context)) {
        learn(learner, List.of(one, again));
        assertEquals(2 * 5 * WIDTH * 4, learner.footprint().addedBytes());
        assertEquals(2 * 5 * WIDTH * 4, context.ledger().total(Resource.BYTES));
        assertEquals(2 * 5 * WIDTH * 4,
            LearnerState.part(state(learner), "exemplars").tensor("features").data().byteSize());
      }
    }
  }

  @Test
  void restore_exemplarsThatDoNotFit_isRefused() {
    try (var world = World.tiny(2);
        Learner learner = learner(3, world.context(1)); Learner other = learner(3, world.context(1))) {
      learn(learner, world.experiences());
      Map<String, StatePart> state = state(learner);
      Map<String, StatePart> first = new HashMap<>(state);
      learn(other, world.experiences().subList(0, 1));
      first.put("exemplars", LearnerState.part(state(other), "exemplars"));
      try (Learner third = learner(3, world.context(1))) {
        assertThrows(FailureException.class, () -> third.restore(first, world.experiences()));
      }
    }
    assertThrows(UsageException.class, () -> new NearestMedoid.Options(0));
    assertThrows(UsageException.class, () -> new NearestMedoid.Options(5000));
  }
}
