package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Against figures worked out by hand for {@link Histories#BY_HAND}. */
final class MetricsTest {
  private static final double EXACT = 1e-15;

  @Test
  void of_classIncremental_isAsByHand() {
    Metrics metrics = Metrics.of(Histories.BY_HAND, false);
    assertEquals(List.of(List.of(0.9), List.of(1.0, 0.8), List.of(0.8, 0.5, 1.0)), metrics.accuracy());
    assertEquals(List.of(9 / 10.0, 26 / 30.0, 28 / 40.0), metrics.seenAccuracy());
    assertEquals(28 / 40.0, metrics.finalAccuracy(), EXACT);
    assertEquals((0.8 + 0.5 + 1.0) / 3, metrics.averageAccuracy(), EXACT);
    assertEquals((9 / 10.0 + 26 / 30.0 + 28 / 40.0) / 3, metrics.anytimeAccuracy(), EXACT);
    assertEquals(((1.0 - 0.8) + (0.8 - 0.5)) / 2, metrics.forgetting(), EXACT);
    assertEquals(((1.0 - 0.9) + (0.9 - 0.9)) / 2, metrics.taskForgetting(), EXACT);
    assertEquals(37 / 40.0, metrics.taskAccuracy(), EXACT);
    assertEquals(((0.8 - 0.9) + (0.5 - 0.8)) / 2, metrics.backwardTransfer(), EXACT);
  }

  @Test
  void of_taskTold_usesTheMaskedPredictionsThroughout() {
    Metrics metrics = Metrics.of(Histories.BY_HAND, true);
    assertEquals(List.of(List.of(1.0), List.of(1.0, 0.9), List.of(0.9, 0.9, 1.0)), metrics.accuracy());
    assertEquals(List.of(10 / 10.0, 28 / 30.0, 37 / 40.0), metrics.seenAccuracy());
    assertEquals(37 / 40.0, metrics.finalAccuracy(), EXACT);
    assertEquals(37 / 40.0, metrics.taskAccuracy(), EXACT);
    assertEquals((0.9 + 0.9 + 1.0) / 3, metrics.averageAccuracy(), EXACT);
    assertEquals(0.05, metrics.forgetting(), EXACT);
    assertEquals(0.05, metrics.taskForgetting(), EXACT);
    assertEquals(((0.9 - 1.0) + (0.9 - 0.9)) / 2, metrics.backwardTransfer(), EXACT);
  }

  @Test
  void of_oneExperience_forgetsAndTransfersNothing() {
    Metrics metrics = Metrics.of(Histories.of(4, new int[][] {{3}}, new int[][] {{4}}), false);
    assertEquals(
        new Metrics(List.of(List.of(0.75)), List.of(0.75), 0.75, 0.75, 0.75, 0, 0, 1, 0), metrics);
  }

  @Test
  void of_lastEvaluationIsTheBest_forgetsNothing() {
    Metrics metrics = Metrics.of(Histories.of(4, new int[][] {{1}, {4, 2}}, new int[][] {{1}, {4, 2}}), false);
    assertEquals(0, metrics.forgetting());
    assertEquals(0.75, metrics.backwardTransfer());
  }

  @Test
  void of_nothingEvaluated_isRefused() {
    assertThrows(IllegalStateException.class, () -> Metrics.of(AccuracyHistory.EMPTY, false));
  }

  @Test
  void classForgetting_severalClasses_isSortedAndAsByHand() {
    List<ClassForgetting> classes = ClassForgetting.of(Histories.BY_HAND, false);
    assertEquals(
        List.of(
            new ClassForgetting("c", 1, 8, 6 / 8.0, 1 / 8.0),
            new ClassForgetting("a", 0, 10, 1.0, 0.8),
            new ClassForgetting("b", 1, 12, 10 / 12.0, 9 / 12.0),
            new ClassForgetting("d", 2, 10, 1.0, 1.0)),
        classes);
    assertEquals(5 / 8.0, classes.getFirst().forgetting(), EXACT);
  }

  @Test
  void classForgetting_taskTold_countsMaskedPredictions() {
    List<ClassForgetting> classes = ClassForgetting.of(Histories.BY_HAND, true);
    assertEquals(new ClassForgetting("a", 0, 10, 1.0, 0.9), classes.getFirst());
    assertEquals(List.of("a", "b", "c", "d"), classes.stream().map(ClassForgetting::name).toList());
  }

  /** In a domain-incremental stream each experience has its own rows of the class, each with its own best moment. */
  @Test
  void classForgetting_classThatCameTwice_countsEachRowOnce() {
    var history = AccuracyHistory.EMPTY
        .with(new Evaluation(0, List.of(Histories.cell(0, "x", 10, 8, 8))))
        .with(new Evaluation(1, List.of(Histories.cell(0, "x", 10, 6, 6), Histories.cell(1, "x", 30, 27, 27))))
        .with(new Evaluation(2, List.of(
            Histories.cell(0, "x", 10, 7, 7), Histories.cell(1, "x", 30, 21, 21), Histories.cell(2, "y", 5, 5, 5))));
    assertEquals(
        List.of(
            new ClassForgetting("x", 0, 40, 35 / 40.0, 28 / 40.0), new ClassForgetting("y", 2, 5, 1.0, 1.0)),
        ClassForgetting.of(history, false));
  }
}
