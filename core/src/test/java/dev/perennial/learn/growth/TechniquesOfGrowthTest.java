package dev.perennial.learn.growth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Placement;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class TechniquesOfGrowthTest {

  private static final Map<String, String> SMALL = Map.of(
      "epochs", "2", "batch", "8", "rate", "0.01", "sites", "linear", "rank", "2", "features", "32");

  private final World world = World.tiny(1);
  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @AfterAll
  void closeWorld() {
    world.close();
  }

  private Learner learner(String technique, LearnerContext context, String... options) {
    var asked = new HashMap<>(SMALL);
    for (int i = 0; i < options.length; i += 2) {
      asked.put(options[i], options[i + 1]);
    }
    return Techniques.load().choose(technique, asked).learner(context);
  }

  private static void learn(Learner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope stepping = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  /** The world's experiences over and over. */
  private List<Experience> recurring(int count) {
    var stream = new ArrayList<Experience>();
    for (int i = 0; i < count; i++) {
      Experience of = world.experiences().get(i % world.experiences().size());
      stream.add(new Experience(i, "again", of.classes(), of.train(), of.test()));
    }
    return stream;
  }

  private static long bricks(Learner learner) {
    return learner.bricks().stream().filter(brick -> brick.kind().equals("lora")).count();
  }

  @Test
  void sema_twentyTasksThatRecur_addsNoMoreBricksThanThereAreKindsOfTask() {
    LearnerContext context = world.context(1);
    try (Learner learner = learner("sema", context, "threshold", "2", "codes", "3")) {
      var counts = new ArrayList<Long>();
      for (Experience experience : recurring(20)) {
        learn(learner, experience);
        counts.add(bricks(learner));
      }
      assertTrue(counts.getLast() <= 3, counts.toString());
      assertEquals(counts.get(2), counts.getLast(), "what recurs is not new: " + counts);
      assertEquals(20, context.ledger().placements().size());
      assertEquals(counts.getLast(), context.ledger().placements().stream().filter(p -> p.why().startsWith("add")).count());
      // Below any z, everything is new.
      try (Learner eager = learner("sema", world.context(1), "threshold", "-100", "codes", "3")) {
        recurring(5).forEach(experience -> learn(eager, experience));
        assertEquals(5, bricks(eager));
      }
    }
  }

  @Test
  void everyTechnique_fixedBudget_lastsForAStreamThatGoesOn() {
    // Six classes of head columns and keys, and three bricks of 2 x (12 + 12) x 2 numbers and what routes to them.
    for (String technique : List.of("mos", "slm", "mora")) {
      double parameters;
      LearnerContext free = world.context(1);
      try (Learner three = learner(technique, free)) {
        recurring(3).forEach(experience -> learn(three, experience));
        parameters = free.ledger().total(Resource.PARAMETERS);
      }
      var ledger = new Ledger(new Budget(Map.of(Resource.PARAMETERS, parameters)));
      try (Learner learner = learner(technique, world.context(1, ledger))) {
        for (Experience experience : recurring(12)) {
          learn(learner, experience);
          assertTrue(bricks(learner) <= 3, technique);
        }
        assertTrue(ledger.total(Resource.PARAMETERS) <= parameters, technique);
        assertTrue(ledger.placements().stream().anyMatch(placed -> placed.why().startsWith("merge")), technique);
      }
    }
  }

  @Test
  void everyTechnique_budgetTooSmallForABrick_learnsWithTheBackboneAlone() {
    for (String technique : List.of("sema", "mos", "slm", "mora", "balanced-ema", "dynamic-conpet")) {
      var ledger = new Ledger(new Budget(Map.of(Resource.PARAMETERS, 150.0)));
      try (Learner learner = learner(technique, world.context(1, ledger))) {
        Experience first = world.experiences().getFirst();
        learn(learner, first);
        assertEquals(0, bricks(learner), technique);
        Placement placed = ledger.placements().getFirst();
        assertTrue(placed.why().contains("the budget leaves no room"), placed.why());
        int right = 0;
        List<Input> inputs = first.train().stream().map(Example::input).toList();
        long[] best = Gates.best(learner.scores(inputs));
        for (int row = 0; row < best.length; row++) {
          right += learner.classNames().get((int) best[row]).equals(first.train().get(row).label()) ? 1 : 0;
        }
        assertTrue(right > best.length * 0.8, technique + " knows " + right + " of " + best.length);
      }
    }
  }

  @Test
  void conpet_allTasksSelected_scoresAreLogarithmsOfProbabilities() {
    try (Learner learner = learner("dynamic-conpet", world.context(1), "selected", "10", "memory", "9")) {
      recurring(3).forEach(experience -> learn(learner, experience));
      List<Input> inputs = world.experiences().get(1).train().stream().map(Example::input).toList();
      float[] scores = Tensors.toFloats(learner.scores(inputs));
      for (int row = 0; row < inputs.size(); row++) {
        double sum = 0;
        for (int c = 0; c < 6; c++) {
          sum += Math.exp(scores[row * 6 + c]);
        }
        assertEquals(1, sum, 1e-4);
      }
      // At most 9 rows of 12 numbers are kept, and the keys of 6 classes.
      assertTrue(learner.footprint().memoryBytes() <= 9 * 12 * 4 + Keys.bytes(6, 12));
    }
  }

  @Test
  void ema_nearTasks_learnOnInOneBrick_andFarOnesInMore() {
    try (Learner one = learner("balanced-ema", world.context(1), "expand", "2");
        Learner many = learner("balanced-ema", world.context(1), "expand", "0")) {
      recurring(3).forEach(experience -> {
        learn(one, experience);
        learn(many, experience);
      });
      assertEquals(1, bricks(one));
      assertEquals(3, bricks(many));
    }
  }

  @Test
  void beta_anyTensors_isWhereBothLossesTogetherAreLeast() {
    float[] before = {1, -2, 0.5f};
    float[] after = {3, 1, 0};
    float[] old = {9, 9, 0.1f, 2, 4};
    float[] fresh = {9, 9, 1, 0.3f, 5};
    double beta = BalancedEma.Averages.beta(before, after, old, fresh, 2);
    double best = 0;
    double least = Double.POSITIVE_INFINITY;
    for (double b = 0; b <= 1; b += 1e-4) {
      double loss = 0;
      for (int i = 0; i < 3; i++) {
        double at = b * before[i] + (1 - b) * after[i];
        loss += old[2 + i] * Math.pow(at - before[i], 2) + fresh[2 + i] * Math.pow(at - after[i], 2);
      }
      if (loss < least) {
        least = loss;
        best = b;
      }
    }
    assertEquals(best, beta, 1e-3);
    assertEquals(0, BalancedEma.Averages.beta(before, after, new float[3], new float[] {1, 1, 1}, 0));
    assertEquals(0, BalancedEma.Averages.beta(before, before, new float[3], new float[3], 0));
  }

  private static float[] drawn(long use, int count) {
    var random = CounterRandom.of(3, use);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.gaussian(i);
    }
    return values;
  }

  @Test
  void gated_tokensOfRows_areLetThroughByTheGatesOfTheirRow() {
    // 2 rows of 3 tokens, 4 in, 5 out, 2 ranks.
    float[] down = drawn(1, 2 * 4);
    float[] up = drawn(2, 5 * 2);
    float[] gates = {0.5f, 2, 0, -1};
    float[] input = drawn(3, 6 * 4);
    float[] output = drawn(4, 6 * 5);
    float[] given = Tensors.toFloats(new Gated(Tensors.floats(down, 2, 4), Tensors.floats(up, 5, 2),
        Tensors.floats(gates, 2, 2), 3).apply(Tensors.floats(input, 6, 4), Tensors.floats(output, 6, 5)));
    for (int token = 0; token < 6; token++) {
      for (int o = 0; o < 5; o++) {
        double expected = output[token * 5 + o];
        for (int r = 0; r < 2; r++) {
          double low = 0;
          for (int i = 0; i < 4; i++) {
            low += down[r * 4 + i] * input[token * 4 + i];
          }
          expected += 3 * up[o * 2 + r] * low * gates[token / 3 * 2 + r];
        }
        assertEquals(expected, given[token * 5 + o], 1e-4);
      }
    }
  }

  @Test
  void selfActivated_eachToken_mixesTheRanksThatKnowItBest() {
    int ranks = 5;
    int active = 2;
    float[] down = drawn(5, ranks * 4);
    float[] up = drawn(6, 3 * ranks);
    float[] input = drawn(7, 2 * 4);
    float[] given = Tensors.toFloats(new Mora.SelfActivated(Tensors.floats(down, ranks, 4),
        Tensors.floats(up, 3, ranks), active, 0.2, 1.5).apply(Tensors.floats(input, 2, 4), Tensors.zeros(2, 3)));
    for (int token = 0; token < 2; token++) {
      double[] low = new double[ranks];
      double[] known = new double[ranks];
      for (int r = 0; r < ranks; r++) {
        double own = 0;
        double others = 0;
        for (int i = 0; i < 4; i++) {
          low[r] += down[r * 4 + i] * input[token * 4 + i];
          own += down[r * 4 + i] * down[r * 4 + i];
          others += input[token * 4 + i] * input[token * 4 + i];
        }
        known[r] = Math.abs(low[r]) / Math.sqrt(own * others);
      }
      double[] sorted = known.clone();
      Arrays.sort(sorted);
      double sum = 0;
      for (double k : known) {
        sum += k >= sorted[ranks - active] ? Math.exp(k / 0.2) : 0;
      }
      for (int o = 0; o < 3; o++) {
        double expected = 0;
        for (int r = 0; r < ranks; r++) {
          if (known[r] >= sorted[ranks - active]) {
            expected += 1.5 * active * Math.exp(known[r] / 0.2) / sum * up[o * ranks + r] * low[r];
          }
        }
        assertEquals(expected, given[token * 3 + o], 1e-4);
      }
    }
  }

  @Test
  void mora_smallRanks_areDropped_butNeverAll() {
    Tensor down = Tensors.floats(new float[] {1, 0, 0, 2, 3, 4}, 3, 2);
    Tensor up = Tensors.floats(new float[] {1, 0.01f, 2, 0, 0, 0}, 2, 3);
    // Sizes 1, 0.02 and 10.
    assertArrayEquals(new long[] {0, 2}, Mora.Ranks.worth(down, up, 0.1));
    assertArrayEquals(new long[] {2}, Mora.Ranks.worth(down, up, 1));
    assertArrayEquals(new long[] {0, 1, 2}, Mora.Ranks.worth(down, up, 0));
    assertArrayEquals(new long[] {0, 1, 2}, Mora.Ranks.worth(down, Tensors.zeros(2, 3), 1));
  }

  @Test
  void choose_optionOutOfItsRange_isRefusedInOneLine() {
    Techniques techniques = Techniques.load();
    Map.of("sema", Map.of("codes", "0"), "mos", Map.of("pull", "1"), "slm", Map.of("top", "0"),
        "mora", Map.of("active", "0"), "balanced-ema", Map.of("expand", "3"), "dynamic-conpet", Map.of("memory", "0"))
        .forEach((technique, wrong) -> {
          var refused = assertThrows(UsageException.class, () -> techniques.choose(technique, wrong), technique);
          assertTrue(String.valueOf(refused.getMessage()).startsWith("option of technique " + technique + ": expected "),
              refused.getMessage());
        });
    assertThrows(UsageException.class, () -> techniques.choose("mos", Map.of("bricks", "0")));
  }
}
