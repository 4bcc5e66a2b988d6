package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The predictor on curves that are made up: where the half tells the end, and where it tells nothing. */
final class FailurePredictorTest {

  private static final int STAGES = 10;
  private static final int TRIALS = 400;

  private static List<List<Double>> result(double half, double end) {
    var rows = new ArrayList<List<Double>>();
    for (int stage = 1; stage <= STAGES; stage++) {
      rows.add(Collections.nCopies(stage, stage <= STAGES / 2 ? half : end));
    }
    return rows;
  }

  /** Learns trials of which the end is the half and noise; the experiences that were spent, and the trials abandoned. */
  private static int[] play(double noise, FailurePredictor predictor) {
    var random = new SplittableRandom(4);
    int spent = 0;
    int abandoned = 0;
    predictor.beginRound();
    for (int i = 0; i < TRIALS; i++) {
      double half = random.nextDouble();
      double end = (1 - noise) * half + noise * random.nextDouble();
      if (predictor.verdict(half, FailurePredictor.half(STAGES), STAGES).isPresent()) {
        spent += STAGES / 2;
        abandoned++;
      } else {
        spent += STAGES;
        predictor.observe(result(half, end));
      }
    }
    return new int[] {spent, abandoned};
  }

  @Test
  void verdict_whereTheHalfTellsTheEnd_savesTime() {
    var predictor = new FailurePredictor();
    int[] outcome = play(0.1, predictor);
    assertTrue(outcome[1] > TRIALS / 10, "abandoned " + outcome[1]);
    assertTrue(outcome[0] < 0.95 * TRIALS * STAGES, "spent " + outcome[0]);
    assertTrue(predictor.matrix().saved(STAGES / 2, STAGES) > 0);
  }

  @Test
  void verdict_whereTheHalfTellsNothing_abandonsNothingForLong() {
    int[] outcome = play(1, new FailurePredictor());
    assertTrue(outcome[1] < TRIALS / 20, "abandoned " + outcome[1]);
  }

  @Test
  void verdict_beforeThereIsEvidence_isNone() {
    var predictor = new FailurePredictor();
    assertTrue(predictor.verdict(0, 5, STAGES).isEmpty());
    for (int i = 0; i < 3; i++) {
      predictor.observe(result(0.9, 0.9));
    }
    assertTrue(predictor.verdict(0, 5, STAGES).isEmpty(), "below the median, but nothing is known of such predictions");
    assertEquals(0, predictor.matrix().truePositives());
  }

  @Test
  void verdict_saysItsNumbers() {
    var predictor = new FailurePredictor();
    for (int i = 0; i < 12; i++) {
      predictor.observe(i % 2 == 0 ? result(0.9, 0.9) : result(0.1, 0.1));
    }
    String why = predictor.verdict(0.2, 5, STAGES).orElseThrow();
    assertTrue(why.startsWith("abandoned after 5 of 10 experiences: 20.0 % is below 50.0 %, the median of 12 trials"), why);
    predictor.beginRound();
    assertFalse(predictor.verdict(0.2, 5, STAGES).isPresent(), "another round, another measure");
  }
}
