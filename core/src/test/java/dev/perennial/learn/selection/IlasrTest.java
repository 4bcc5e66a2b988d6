package dev.perennial.learn.selection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class IlasrTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      2, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);

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

  /** The first experience, the labelled rows first: two of each class. */
  private Experience sorted() {
    Experience first = world.experiences().getFirst();
    var told = new ArrayList<Example>();
    var rest = new ArrayList<Example>();
    var counts = new HashMap<String, Integer>();
    for (Example row : first.train().subList(0, first.train().size() - 1)) {
      (counts.merge(row.label(), 1, Integer::sum) <= 2 ? told : rest).add(row);
    }
    told.addAll(rest);
    return new Experience(0, "sorted", first.classes(), told, List.of());
  }

  private String digest(Experience experience, double confidence) {
    try (var learner = new Ilasr().learner(new Ilasr.Options(TRAINING, 2, confidence, 0.05), world.context(1))) {
      for (long step = 0; step < learner.steps(experience); step++) {
        learner.step(experience, step);
      }
      return StateDigest.of(learner.state());
    }
  }

  @Test
  void labelsOfOtherRows_areNeverLookedAt() {
    Experience truth = sorted();
    var rows = new ArrayList<>(truth.train());
    for (int row = 4; row < rows.size(); row++) {
      Example old = rows.get(row);
      rows.set(row, new Example(
          old.input(), truth.classes().get(1 - truth.classes().indexOf(old.label())), null, null));
    }
    var lies = new Experience(0, "lies", truth.classes(), rows, List.of());
    assertEquals(digest(truth, 0.5), digest(lies, 0.5));
    assertNotEquals(digest(truth, 0), digest(truth, 1), "the teacher's labels are learned");
  }

  @Test
  void weakLabels_areThoseOfTheNearestMean_whereItIsSure() {
    Experience experience = sorted();
    LearnerContext context = world.context(1);
    var labels = new Ilasr.WeakLabels(new Ilasr.Options(TRAINING, 2, 0.8, 0.1), context);
    try (var learner = new GradientLearner(TRAINING, context, labels)) {
      learner.step(experience, 0);
      double[][] means = new double[2][12];
      List<double[]> units = experience.train().stream().map(row -> unit(Tensors.toDoubles(
          context.cache().features(List.of(row.input()), FeatureCache.Frozen.BACKBONE)))).toList();
      for (int row = 0; row < 4; row++) {
        int c = experience.classes().indexOf(experience.train().get(row).label());
        for (int i = 0; i < 12; i++) {
          means[c][i] += units.get(row)[i];
        }
        assertEquals(c, labels.label(experience.train().get(row).input()));
      }
      int ignored = 0;
      for (int row = 4; row < units.size(); row++) {
        double first = Math.exp(dot(unit(means[0]), units.get(row)) / 0.1);
        double second = Math.exp(dot(unit(means[1]), units.get(row)) / 0.1);
        double sure = Math.max(first, second) / (first + second);
        long expected = sure < 0.8 ? Ilasr.WeakLabels.IGNORED : first > second ? 0 : 1;
        assertEquals(expected, labels.label(experience.train().get(row).input()), "sure of " + sure);
        ignored += sure < 0.8 ? 1 : 0;
      }
      assertTrue(ignored < units.size() - 4);
      assertEquals(2 * 13 * Double.BYTES, labels.memoryBytes());
    }
  }

  private static double dot(double[] one, double[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += one[i] * other[i];
    }
    return sum;
  }

  private static double[] unit(double[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    double[] unit = vector.clone();
    for (int i = 0; i < unit.length; i++) {
      unit[i] /= length;
    }
    return unit;
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected labelled between 1 and 1000000 rows of a class, got 0",
        assertThrows(UsageException.class, () -> new Ilasr.Options(TRAINING, 0, 0.5, 0.05)).getMessage());
    assertThrows(UsageException.class, () -> new Ilasr.Options(TRAINING, 1, 1.5, 0.05));
    assertThrows(UsageException.class, () -> new Ilasr.Options(TRAINING, 1, 0.5, 0));
  }
}
