package dev.perennial.restart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The closed forms against attempts that are simulated one by one. */
final class ConfusionMatrixTest {

  /** Shares for failures of probability 0.3, of which 0.8 are flagged, as are 0.1 of the good attempts. */
  private static final ConfusionMatrix EXAMPLE = new ConfusionMatrix(0.24, 0.07, 0.06, 0.63);

  private static double simulated(ConfusionMatrix shares, double look, double good, double failed, double cost) {
    var random = new SplittableRandom(3);
    double failures = shares.truePositives() + shares.falseNegatives();
    double recall = shares.truePositives() / failures;
    double falseAlarms = shares.falsePositives() / (shares.falsePositives() + shares.trueNegatives());
    double time = 0;
    int successes = 400_000;
    for (int i = 0; i < successes;) {
      boolean fails = random.nextDouble() < failures;
      boolean flagged = random.nextDouble() < (fails ? recall : falseAlarms);
      if (flagged) {
        time += look + cost;
      } else if (fails) {
        time += failed + cost;
      } else {
        time += good;
        i++;
      }
    }
    return time / successes;
  }

  @Test
  void makespan_ofTheKnownExample_isThatOfTheSimulation() {
    assertEquals(113.6, EXAMPLE.makespan(10, 100, 60, 5), 0.05);
    assertEquals(127.9, EXAMPLE.makespanWithout(100, 60, 5), 0.05);
    assertEquals(simulated(EXAMPLE, 10, 100, 60, 5), EXAMPLE.makespan(10, 100, 60, 5), 0.3);
  }

  @Test
  void saved_isAboveZeroExactlyWhereTheMakespanShrinks() {
    var random = new SplittableRandom(9);
    int yes = 0;
    for (int i = 0; i < 2000; i++) {
      var seen = new ConfusionMatrix(2 + random.nextInt(40), random.nextInt(20), random.nextInt(20), 2 + random.nextInt(40));
      var doubtful = new ConfusionMatrix(
          seen.truePositives(), seen.falsePositives() + 1, seen.falseNegatives(), seen.trueNegatives());
      double look = 1 + random.nextInt(9);
      double gain = doubtful.makespanWithout(10, 10, 0) - doubtful.makespan(look, 10, 10, 0);
      if (Math.abs(gain) > 1e-9) {
        assertEquals(gain > 0, seen.saved(look, 10) > 0, seen + " at " + look);
      }
      yes += gain > 0 ? 1 : 0;
    }
    assertTrue(yes > 200 && yes < 1800, "both happen: " + yes);
  }

  @Test
  void saved_withLittleEvidence_isNothing() {
    assertEquals(0, ConfusionMatrix.EMPTY.saved(1, 10));
    assertEquals(0, ConfusionMatrix.EMPTY.with(true, true).with(true, true).with(false, false).saved(1, 10));
  }
}
