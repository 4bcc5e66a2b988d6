package dev.perennial.restart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The formulas against learning that is simulated second by second, and minimised by trying intervals. */
final class SnapshotIntervalTest {

  private static final double RESTART = 30;

  /**
   * The share of the time that is lost when so much work is done under failures of an exponential law. A foretold
   * failure costs a snapshot and a restart, another one also the work since the last snapshot.
   */
  private static double simulated(double interval, double cost, double mean, double recall, double work, long seed) {
    var random = new SplittableRandom(seed);
    double time = 0;
    double saved = 0;
    while (saved < work) {
      // From the last snapshot: a piece of work and the next snapshot, or a failure before that is written.
      double failure = -mean * Math.log(1 - random.nextDouble());
      if (failure >= interval + cost) {
        time += interval + cost;
        saved += interval;
      } else if (random.nextDouble() < recall) {
        time += failure + cost + RESTART;
        saved += Math.min(failure, interval);
      } else {
        time += failure + RESTART;
      }
    }
    return 1 - saved / time;
  }

  private static double best(double cost, double mean, double recall, double work) {
    double best = 0;
    double least = 1;
    for (double interval = cost; interval < 20 * Math.sqrt(2 * cost * mean); interval *= 1.03) {
      double waste = simulated(interval, cost, mean, recall, work, 5);
      if (waste < least) {
        least = waste;
        best = interval;
      }
    }
    return best;
  }

  @Test
  void young_knownNumbers_areThePublishedFormula() {
    assertEquals(Math.sqrt(2 * 60 * 86_400), SnapshotInterval.young(60, 86_400), 1e-9);
    assertEquals(SnapshotInterval.young(60, 86_400) / Math.sqrt(0.2), SnapshotInterval.foretold(60, 86_400, 0.8), 1e-9);
    assertEquals(7, SnapshotInterval.daly(20, 7), 0, "where failures come faster than snapshots");
  }

  @Test
  void daly_againstNumericMinimumOfTheExactWaste_isWithinTwoPercent() {
    for (double mean : new double[] {200, 1000, 10_000, 100_000}) {
      for (double cost : new double[] {0.5, 5, 20}) {
        double best = 0;
        for (double interval = 0.1; interval < 50_000; interval *= 1.0005) {
          if (best == 0 || SnapshotInterval.waste(interval, cost, mean, RESTART)
              < SnapshotInterval.waste(best, cost, mean, RESTART)) {
            best = interval;
          }
        }
        assertEquals(best, SnapshotInterval.daly(cost, mean), 0.02 * best, "mean " + mean + ", cost " + cost);
        double young = SnapshotInterval.young(cost, mean);
        assertTrue(Math.abs(SnapshotInterval.daly(cost, mean) - best) < Math.abs(young - best),
            "the higher order is nearer than Young's, mean " + mean + ", cost " + cost);
      }
    }
  }

  @Test
  void waste_againstSimulation_agrees() {
    for (double interval : new double[] {50, 200, 900}) {
      assertEquals(SnapshotInterval.waste(interval, 10, 1000, RESTART),
          simulated(interval, 10, 1000, 0, 4e6, 11), 0.006, "interval " + interval);
    }
  }

  @Test
  void intervals_againstSimulatedMinimum_loseNoMoreThanItByHalfAPercent() {
    for (double recall : new double[] {0, 0.5, 0.8}) {
      double found = best(10, 2000, recall, 4e5);
      double formula = recall == 0 ? SnapshotInterval.daly(10, 2000) : SnapshotInterval.foretold(10, 2000, recall);
      double least = simulated(found, 10, 2000, recall, 4e6, 23);
      double ours = simulated(formula, 10, 2000, recall, 4e6, 23);
      assertTrue(ours < least + 0.005, "recall " + recall + ": " + formula + " loses " + ours + ", " + found + " " + least);
      double twice = simulated(4 * formula, 10, 2000, recall, 4e6, 23);
      assertTrue(ours < twice - 0.01, "and less than an interval four times as long: " + ours + ", " + twice);
    }
  }

  @Test
  void intervals_ofNoTime_areRefused() {
    assertThrows(UsageException.class, () -> SnapshotInterval.young(0, 10));
    assertThrows(UsageException.class, () -> SnapshotInterval.daly(1, Double.NaN));
    assertThrows(UsageException.class, () -> SnapshotInterval.foretold(1, 10, 1));
  }

  @Test
  void failureRate_isThePosteriorMeanOfAGammaLaw() {
    assertEquals(86_400, FailureRate.UNSEEN.meanTimeBetweenFailures(), 0);
    FailureRate rate = FailureRate.UNSEEN.with(1000, true).with(2000, true).with(600, false);
    assertEquals((86_400 + 3600) / 3.0, rate.meanTimeBetweenFailures(), 1e-9);
    FailureRate many = FailureRate.UNSEEN;
    for (int i = 0; i < 10_000; i++) {
      many = many.with(50, true);
    }
    assertEquals(50, many.meanTimeBetweenFailures(), 10, "what is seen outweighs the prior");
  }

  @Test
  void backOff_doublesUpToTheMost() {
    var pauses = new BackOff(2, 30);
    assertEquals(2, pauses.seconds(1));
    assertEquals(16, pauses.seconds(4));
    assertEquals(30, pauses.seconds(60));
    assertEquals(0, new BackOff(0, 300).seconds(9));
  }

  @Test
  void deadlines_followWhatWasMeasured() {
    var deadlines = new Deadlines(60);
    assertEquals(600, deadlines.seconds(Deadlines.Phase.STEP, 0), "before anything was measured");
    deadlines.heard(Deadlines.Phase.STEP, 2);
    assertEquals(60, deadlines.seconds(Deadlines.Phase.STEP, 0), "never less than the least");
    deadlines.heard(Deadlines.Phase.STEP, 30);
    deadlines.heard(Deadlines.Phase.STEP, 1);
    assertEquals(300, deadlines.seconds(Deadlines.Phase.STEP, 0), "ten times the longest");
    assertEquals(4800, deadlines.seconds(Deadlines.Phase.STEP, 2), "four times as long for each false alarm");
    assertEquals(600, deadlines.seconds(Deadlines.Phase.EVALUATION, 0), "each kind has its own");
  }
}
