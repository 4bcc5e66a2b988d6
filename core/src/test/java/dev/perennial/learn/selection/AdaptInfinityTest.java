package dev.perennial.learn.selection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AdaptInfinityTest {

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

  @Test
  void scores_areLossMarginEntropyAndLengthOfTheError() {
    double[][] scores = AdaptInfinity.Selection.scores(new double[] {0.7, 0.2, 0.1, 0.25, 0.25, 0.5}, new long[] {0, 1});
    assertArrayEquals(new double[] {-Math.log(0.7), -Math.log(0.25)}, scores[0], 1e-12);
    assertArrayEquals(new double[] {0.2 - 0.7, 0.5 - 0.25}, scores[1], 1e-12);
    assertArrayEquals(new double[] {
        -0.7 * Math.log(0.7) - 0.2 * Math.log(0.2) - 0.1 * Math.log(0.1), -0.5 * Math.log(0.25) - 0.5 * Math.log(0.5)},
        scores[2], 1e-12);
    assertArrayEquals(new double[] {Math.sqrt(0.09 + 0.04 + 0.01), Math.sqrt(0.0625 + 0.5625 + 0.25)}, scores[3], 1e-12);
  }

  @Test
  void chosen_takesEverySkillsShare_evenlyFromTheBinsOfTheScorerThatTellsMost() {
    var selection = new AdaptInfinity.Selection(new AdaptInfinity.Options(TRAINING, 10, 5, 3), world.context(1));
    // Two skills, of 40 and 20 rows. The first scorer tells rows of the first skill apart, the second those of the second.
    int[] skills = IntStream.range(0, 60).map(row -> row < 40 ? 0 : 1).toArray();
    double[][] scores = new double[2][60];
    for (int row = 0; row < 60; row++) {
      scores[0][row] = row < 40 ? row : 7;
      scores[1][row] = row < 40 ? row == 0 ? 1 : 0 : row;
    }
    int[] chosen = selection.chosen(skills, scores, 30, 0);
    assertEquals(30, Arrays.stream(chosen).distinct().count());
    assertEquals(20, Arrays.stream(chosen).filter(row -> row < 40).count());
    for (int bin = 0; bin < 10; bin++) {
      int from = bin * 4;
      assertEquals(2, Arrays.stream(chosen).filter(row -> row >= from && row < from + 4).count(), "bin " + bin);
      int second = 40 + bin * 2;
      assertEquals(1, Arrays.stream(chosen).filter(row -> row >= second && row < second + 2).count(), "bin " + bin);
    }
    assertEquals(60, selection.chosen(skills, scores, 60, 0).length);
  }

  @Test
  void entropy_ofBins_isShannons() {
    assertEquals(Math.log(2), AdaptInfinity.Selection.entropy(new int[] {0, 9, 0, 9}), 1e-12);
    assertEquals(0, AdaptInfinity.Selection.entropy(new int[] {3, 3}), 1e-12);
    assertArrayEquals(new int[] {0, 9, 5},
        AdaptInfinity.Selection.bins(new double[] {1, 100, 3, 2}, new int[] {0, 2, 3}));
  }

  @Test
  void pruned_dropsTheRowsThatAreMostAlikeOthers() {
    double[] angles = {0, 0.5, 0.52, 2, 2.001, 3.3};
    float[] units = new float[12];
    for (int row = 0; row < 6; row++) {
      units[2 * row] = (float) Math.cos(angles[row]);
      units[2 * row + 1] = (float) Math.sin(angles[row]);
    }
    int[] all = {0, 1, 2, 3, 4, 5};
    assertEquals(List.of(0, 1, 2, 3, 5), AdaptInfinity.Selection.pruned(all, units, 2, 5));
    assertEquals(List.of(0, 1, 3, 5), AdaptInfinity.Selection.pruned(all, units, 2, 4));
    // 0 and 1 are next, and of two the later goes.
    assertEquals(List.of(0, 3, 5), AdaptInfinity.Selection.pruned(all, units, 2, 3));
  }

  @Test
  void learner_learnsAndKeepsNoMoreThanAsked_ofOldAndNewRows() {
    var selection = new AdaptInfinity.Selection(new AdaptInfinity.Options(TRAINING, 9, 6, 3), world.context(1));
    try (var learner = new GradientLearner(TRAINING, world.context(1), selection)) {
      var seen = new HashSet<Example>();
      for (Experience experience : world.experiences()) {
        var before = new HashSet<>(selection.pool());
        seen.addAll(experience.train());
        long steps = learner.steps(experience);
        assertEquals(2 * 3, steps);
        for (long step = 0; step < steps; step++) {
          try (TensorScope stepping = TensorScope.inference()) {
            learner.step(experience, step);
          }
          if (step == 0) {
            List<Example> rows = selection.rows(experience);
            assertEquals(9, rows.size());
            assertTrue(rows.stream().allMatch(row -> before.contains(row) || experience.train().contains(row)));
          }
        }
        assertEquals(6, selection.pool().size());
        assertTrue(seen.containsAll(selection.pool()));
        assertEquals(StoredExamples.bytes(selection.pool()), selection.memoryBytes());
      }
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected selected between 1 and 10000000 rows, got 0",
        assertThrows(UsageException.class, () -> new AdaptInfinity.Options(TRAINING, 0, 5, 3)).getMessage());
    assertThrows(UsageException.class, () -> new AdaptInfinity.Options(TRAINING, 1, 0, 3));
    assertThrows(UsageException.class, () -> new AdaptInfinity.Options(TRAINING, 1, 1, 0));
  }
}
