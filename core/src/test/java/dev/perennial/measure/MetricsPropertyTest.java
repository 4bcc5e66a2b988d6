package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import java.util.stream.DoubleStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** What holds for every history: here, up to 8 experiences of one class and equally many rows each. */
final class MetricsPropertyTest {
  private static final double ROUNDING = 1e-12;

  @Property
  void of_anyHistory_staysWithinItsBounds(
      @ForAll @IntRange(min = 1, max = 8) int experiences, @ForAll @IntRange(min = 1, max = 50) int rows,
      @ForAll long seed) {
    Metrics m = Metrics.of(history(experiences, rows, seed), false);
    DoubleStream.of(
            m.finalAccuracy(), m.averageAccuracy(), m.anytimeAccuracy(), m.taskAccuracy(), m.forgetting(),
            m.taskForgetting())
        .forEach(f -> assertTrue(f >= 0 && f <= 1, () -> m.toString()));
    assertTrue(Math.abs(m.backwardTransfer()) <= 1);
    // The best accuracy is at least the one right after learning.
    assertTrue(m.forgetting() >= -m.backwardTransfer() - ROUNDING);
    // Masking can only take wrong predictions away.
    assertTrue(m.taskAccuracy() >= m.finalAccuracy());
    assertEquals(experiences, m.accuracy().size());
    for (int i = 0; i < experiences; i++) {
      assertEquals(i + 1, m.accuracy().get(i).size());
    }
  }

  @Property
  void of_experiencesOfEqualSize_weighRowsAndExperiencesAlike(
      @ForAll @IntRange(min = 1, max = 8) int experiences, @ForAll @IntRange(min = 1, max = 50) int rows,
      @ForAll long seed) {
    Metrics m = Metrics.of(history(experiences, rows, seed), false);
    assertEquals(m.finalAccuracy(), m.averageAccuracy(), ROUNDING);
  }

  @Property
  void of_taskTold_leavesNoDifferenceToTheMaskedFigures(
      @ForAll @IntRange(min = 1, max = 8) int experiences, @ForAll @IntRange(min = 1, max = 50) int rows,
      @ForAll long seed) {
    AccuracyHistory history = history(experiences, rows, seed);
    Metrics told = Metrics.of(history, true);
    Metrics untold = Metrics.of(history, false);
    assertEquals(told.taskForgetting(), told.forgetting());
    assertEquals(told.taskAccuracy(), told.finalAccuracy());
    assertEquals(untold.taskForgetting(), told.taskForgetting());
    assertEquals(untold.taskAccuracy(), told.taskAccuracy());
  }

  /** With one class an experience, the mean over classes is the mean over experiences, the last with 0. */
  @Property
  void classForgetting_oneClassAnExperience_addsUpToForgetting(
      @ForAll @IntRange(min = 2, max = 8) int experiences, @ForAll @IntRange(min = 1, max = 50) int rows,
      @ForAll long seed) {
    AccuracyHistory history = history(experiences, rows, seed);
    double sum = ClassForgetting.of(history, false).stream().mapToDouble(ClassForgetting::forgetting).sum();
    assertEquals(Metrics.of(history, false).forgetting() * (experiences - 1), sum, ROUNDING);
  }

  @Property(tries = 100)
  void json_anyHistory_readsBackTheSame(@ForAll @IntRange(max = 8) int experiences, @ForAll long seed) {
    AccuracyHistory history = history(experiences, 9, seed);
    assertEquals(history, AccuracyHistory.fromJson(history.toJson()));
  }

  private static AccuracyHistory history(int experiences, int rows, long seed) {
    var random = new Random(seed);
    int[][] right = new int[experiences][experiences];
    int[][] masked = new int[experiences][experiences];
    for (int i = 0; i < experiences; i++) {
      for (int j = 0; j <= i; j++) {
        right[i][j] = random.nextInt(rows + 1);
        masked[i][j] = right[i][j] + random.nextInt(rows - right[i][j] + 1);
      }
    }
    return Histories.of(rows, right, masked);
  }
}
