package dev.perennial.learn.fewshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class BagOfTricksTest {

  private static final int WIDTH = TinyBackbone.WIDTH;

  /** Every trick taken away. */
  private static final Map<String, String> PLAIN = Map.of(
      "sites", "linear", "batch", "4", "dropout", "0", "contrast", "0", "pseudo", "0", "outputs", "0", "subnet", "0");

  private final World world = World.tiny(2);
  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static BagOfTricks.Options options(String... more) {
    var asked = new HashMap<>(PLAIN);
    for (int i = 0; i < more.length; i += 2) {
      asked.put(more[i], more[i + 1]);
    }
    return (BagOfTricks.Options) Techniques.load().choose("bag-of-tricks", asked).options();
  }

  private GradientLearner learner(BagOfTricks.Options options) {
    LearnerContext context = world.context(1);
    return new GradientLearner(options.training(), context, new Tricks(options, context));
  }

  private void learn(Learner learner, int index) {
    Experience experience = world.experiences().get(index);
    for (long step = 0; step < learner.steps(experience); step++) {
      step(learner, experience, step);
    }
  }

  private static void step(Learner learner, Experience experience, long step) {
    try (TensorScope stepping = TensorScope.inference()) {
      learner.step(experience, step);
    }
  }

  private static float[] values(GradientLearner learner) {
    return Tensors.toFloats(learner.parameters().values());
  }

  private static float[] view(GradientLearner learner, String name) {
    return Tensors.toFloats(learner.parameters().view(learner.parameters().values(), name));
  }

  @Test
  void firstExperience_withoutTricks_isPlainFineTuning() {
    BagOfTricks.Options options = options();
    try (GradientLearner tricked = learner(options);
        var plain = new GradientLearner(options.training(), world.context(1), new Objective() {})) {
      learn(tricked, 0);
      learn(plain, 0);
      assertArrayEquals(values(plain), values(tricked));
    }
  }

  @Test
  void everyTrick_changesWhatTheFirstExperienceLearns() {
    try (GradientLearner plain = learner(options())) {
      learn(plain, 0);
      for (String[] trick : new String[][] {
          {"contrast", "0.5"}, {"prototypes", "simplex"}, {"pseudo", "1", "outputs", "6"}, {"pretraining", "1"},
          {"schedule", "constant"}}) {
        try (GradientLearner tricked = learner(options(trick))) {
          learn(tricked, 0);
          String brick = plain.parameters().names().getFirst();
          assertFalse(Arrays.equals(view(plain, brick), view(tricked, brick)), Arrays.toString(trick));
        }
      }
    }
  }

  @Test
  void simplex_prototypes_stayWhereTheyWereReserved() {
    try (GradientLearner learner = learner(options("prototypes", "simplex", "outputs", "9"))) {
      learn(learner, 0);
      learn(learner, 1);
      assertArrayEquals(Simplex.vertices(9, WIDTH), view(learner, "head.weight"));
    }
  }

  @Test
  void scores_afterExperiences_areAnglesToTheMeansOfUnitFeatures() {
    try (GradientLearner learner = learner(options("headTemperature", "0.25"))) {
      learn(learner, 0);
      float[] network = view(learner, learner.parameters().names().getFirst());
      learn(learner, 1);
      assertArrayEquals(
          network, view(learner, learner.parameters().names().getFirst()), "subnet=0 trains nothing later");
      double[][] means = new double[4][WIDTH];
      for (Experience experience : world.experiences().subList(0, 2)) {
        for (Example row : experience.train()) {
          double[] unit = unit(learner, row.input());
          for (int d = 0; d < WIDTH; d++) {
            means[learner.classes().indexOf(row.label())][d] += unit[d];
          }
        }
      }
      Input asked = world.experiences().get(1).train().get(2).input();
      float[] scores = Tensors.toFloats(learner.scores(List.of(asked)));
      double[] unit = unit(learner, asked);
      for (int c = 0; c < 4; c++) {
        assertEquals(product(unit, normalised(means[c])) / 0.25, scores[c], 1e-4);
      }
      assertEquals(4 * (WIDTH + 1) * 8, learner.footprint().memoryBytes());
    }
  }

  private static double[] unit(GradientLearner learner, Input input) {
    return normalised(Tensors.toDoubles(learner.features(List.of(input))));
  }

  private static double[] normalised(double[] values) {
    double length = Math.sqrt(product(values, values));
    return Arrays.stream(values).map(value -> value / length).toArray();
  }

  private static double product(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  @Test
  void laterExperience_movesOnlyTheSmallestWeightsAndHoldsThem() {
    try (GradientLearner free = learner(options("subnet", "0.25", "hold", "0"));
        GradientLearner held = learner(options("subnet", "0.25", "hold", "0.75"))) {
      learn(free, 0);
      learn(held, 0);
      float[] before = values(free);
      Experience second = world.experiences().get(1);
      // The first step warms up, and B of the brick may stand still as long as its gradient is 0.
      step(free, second, 0);
      step(held, second, 0);
      int below = (int) free.brickParameters();
      double[] sizes = new double[below];
      for (int i = 0; i < below; i++) {
        sizes[i] = Math.abs(before[i]);
      }
      double[] sorted = sizes.clone();
      Arrays.sort(sorted);
      double bound = sorted[Math.round(0.25f * below) - 1];
      float[] moved = values(free);
      float[] drawn = values(held);
      int movers = 0;
      for (int i = 0; i < below; i++) {
        if (sizes[i] > bound) {
          assertEquals(before[i], moved[i], "weight " + i);
        }
        movers += moved[i] == before[i] ? 0 : 1;
        assertEquals(before[i] + 0.25 * (moved[i] - before[i]), drawn[i], 1e-7, "weight " + i);
      }
      assertTrue(movers > below / 8, movers + " of " + below + " weights moved");
      // While it is tuned on, the weights before it and the choice among them are kept, besides the means.
      assertEquals(4 * (WIDTH + 1) * 8 + 8L * moved.length, free.footprint().memoryBytes());
    }
  }

  @Test
  void taskLoss_pseudoRows_areDrawnToOutputsBehindTheClasses() {
    BagOfTricks.Options options = options("pseudo", "1", "outputs", "6");
    Experience first = world.experiences().getFirst();
    LearnerContext context = world.context(1);
    var tricks = new Tricks(options, context);
    try (var learner = new GradientLearner(options.training(), context, tricks)) {
      step(learner, first, 0);
      List<Example> pseudo = tricks.replayed(first, 1);
      assertEquals(4, pseudo.size());
      int[] places = new PseudoClasses(first, 4, 1).drawn(1, 4);
      double[][] logits = new double[5][6];
      float[] flat = new float[30];
      for (int i = 0; i < flat.length; i++) {
        logits[i / 6][i % 6] = Math.sin(i);
        flat[i] = (float) logits[i / 6][i % 6];
      }
      double expected = error(logits[0], 1);
      for (int i = 0; i < 4; i++) {
        expected += error(logits[1 + i], 2 + PseudoClasses.number(places[i]));
      }
      var rows = new ArrayList<>(first.train().subList(0, 1));
      rows.addAll(pseudo);
      Tensor features = Tensors.zeros(5, WIDTH);
      var part = new Part(
          rows, new int[] {0, 1, 2, 3, 4}, new long[] {1, 0, 0, 0, 0}, features, Tensors.floats(flat, 5, 6));
      assertEquals(expected, tricks.taskLoss(new Batch(first, 1, rows, 1), part).item_double(), 1e-4);
    }
  }

  private static double error(double[] logits, int target) {
    return Math.log(Arrays.stream(logits).map(Math::exp).sum()) - logits[target];
  }

  @Test
  void pseudoClasses_haveRowsOfTwoClassesEach() {
    Experience experience = new Experience(0, "first", List.of("a", "b", "c"), List.of(
        Example.of("a1 a2", "a"), Example.of("b1 b2", "b"), Example.of("c1 c2", "c")), List.of());
    var pseudo = new PseudoClasses(experience, 5, 3);
    for (int place : pseudo.drawn(7, 200)) {
      Example row = pseudo.row(place);
      String[] words = ((Input.Text) row.input()).value().split(" ");
      assertEquals(2, words.length);
      assertEquals(row.label() + "1", words[0]);
      assertTrue(words[1].endsWith("2") && words[1].charAt(0) != words[0].charAt(0), row.toString());
      assertEquals(pseudo.row(PseudoClasses.number(place) * 32), row, "one row of each class: one mixture");
      assertTrue(PseudoClasses.number(place) < 5);
    }
    var alone = new Experience(0, "alone", List.of("a"), List.of(Example.of("a1", "a")), List.of());
    assertEquals(0, new PseudoClasses(alone, 5, 3).drawn(0, 4).length);
  }

  @Test
  void mixed_textsAndImages_lieHalfway() {
    assertEquals(new Input.Text("one two three nine"),
        PseudoClasses.mixed(new Input.Text("one two three four five"), new Input.Text("eight nine")));
    var image = (Input.Image) PseudoClasses.mixed(
        new Input.Image(1, 1, 3, new byte[] {0, (byte) 200, (byte) 255}),
        new Input.Image(1, 1, 3, new byte[] {4, (byte) 100, (byte) 255}));
    assertArrayEquals(new byte[] {2, (byte) 150, (byte) 255}, image.samples());
  }

  @Test
  void options_outOfRange_areRefused() {
    for (String[] wrong : new String[][] {
        {"head", "linear"}, {"contrast", "-1"}, {"contrastTemperature", "0"}, {"leftOut", "1"}, {"pseudo", "5"},
        {"pretraining", "3"}, {"subnet", "1.1"}, {"hold", "-0.1"}}) {
      assertThrows(UsageException.class, () -> options(wrong), wrong[0]);
    }
    assertEquals("option of technique bag-of-tricks: expected head=cosine, as classes are told apart by angle, "
            + "got LINEAR",
        assertThrows(UsageException.class, () -> options("head", "linear")).getMessage());
    assertTrue(Options.flat(new BagOfTricks().defaults()).keySet().containsAll(PLAIN.keySet()));
  }
}
