package dev.perennial.learn.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;

final class TreeSumsTest {

  private static final PrivacyBudget BUDGET = new PrivacyBudget(1, 1e-6);

  private static long[] noisy(TreeSums sums) {
    return StatePart.of("sums", Combine.LATEST, sums.tensors("")).tensor("noisy").longs();
  }

  private static TreeSums counter(long horizon, long seed) {
    return new TreeSums(new TreeSums.Shape(1, horizon, 1), BUDGET, seed, 1);
  }

  @Test
  void levels_areTheBitsOfTheHorizon() {
    assertEquals(1, new TreeSums.Shape(1, 1, 1).levels());
    assertEquals(2, new TreeSums.Shape(1, 3, 1).levels());
    assertEquals(3, new TreeSums.Shape(1, 4, 1).levels());
    assertEquals(11, new TreeSums.Shape(1, 1024, 1).levels());
  }

  @Test
  void release_ofACounter_staysWithinTheBound_andIsNeverFarBelowIt() {
    int horizon = 1024;
    int trials = 60;
    double beta = 0.05;
    int outside = 0;
    double[] squares = new double[horizon + 1];
    for (int trial = 0; trial < trials; trial++) {
      TreeSums counter = counter(horizon, 100 + trial);
      double bound = counter.errorBound(beta);
      double worst = 0;
      for (int t = 1; t <= horizon; t++) {
        counter.add(t % 3);
        double error = counter.release()[0] - (t / 3 * 3 + t % 3 * (t % 3 + 1) / 2);
        worst = Math.max(worst, Math.abs(error));
        squares[t] += error * error / trials;
      }
      outside += worst > bound ? 1 : 0;
      assertTrue(worst > bound / 6, "an error of " + worst + " at most is too good for a bound of " + bound);
    }
    // A share of beta may lie outside: 3 expected of 60, and the union bound is generous.
    assertTrue(outside <= 6, outside + " of " + trials + " counters left the bound");
    // The variance at time t is that of as many nodes as t has bits.
    double sigma = counter(horizon, 0).sigma();
    double ratio = 0;
    for (int t = 1; t <= horizon; t++) {
      ratio += squares[t] / (Long.bitCount(t) * sigma * sigma) / horizon;
    }
    assertEquals(1, ratio, 0.1);
  }

  @Test
  void errorBound_isPolylogarithmicInTheHorizon_whereANoisyNumberATimeIsNot() {
    TreeSums counter = counter(1 << 20, 1);
    double expected = Math.sqrt(21 / (2 * BUDGET.rho())) * Math.sqrt(2 * 21 * Math.log(2 * (1 << 20) / 0.01));
    assertEquals(expected, counter.errorBound(0.01), 1e-9 * expected);
    // Each number with noise of its own: sigma_1 sqrt(T) at the end, and the bound of one sum is below that.
    double each = BUDGET.sigma(1, 1) * Math.sqrt(1 << 20);
    assertTrue(counter.errorBound(0.01) < each, counter.errorBound(0.01) + " against " + each);
  }

  @Test
  void oneRowMore_changesAtMostLNodes_andNeverTheirNoise() {
    long horizon = 37;
    for (int at = 1; at <= horizon; at++) {
      TreeSums with = counter(horizon, 5);
      TreeSums without = counter(horizon, 5);
      var changed = new ArrayList<Long>();
      for (int t = 1; t <= horizon; t++) {
        with.add(t == at ? 8 : 7);
        without.add(7);
        int level = Integer.numberOfTrailingZeros(t);
        long difference = noisy(with)[level] - noisy(without)[level];
        if (difference != 0) {
          changed.add(difference);
        }
        assertEquals(t >= at ? 1 : 0, with.release()[0] - without.release()[0]);
      }
      assertTrue(changed.size() <= 6 && changed.stream().allMatch(difference -> difference == 1), changed::toString);
    }
  }

  @Test
  void add_pastTheHorizon_isRefused_andChangesNothing() {
    TreeSums counter = counter(3, 1);
    counter.add(1);
    counter.add(1);
    counter.add(1);
    long[] before = counter.release();
    String message = String.valueOf(assertThrows(FailureException.class, () -> counter.add(1)).getMessage());
    assertTrue(message.contains("at most 3"), message);
    assertArrayEquals(before, counter.release());
  }

  @Test
  void restore_sumsOfAnotherShape_isRefused() {
    var state = StatePart.of("sums", Combine.LATEST, counter(4, 1).tensors("0."));
    assertThrows(FailureException.class, () -> counter(3, 1).restore(state, "0."));
    assertThrows(FailureException.class, () -> counter(4, 1).restore(state, "1."));
    assertThrows(UsageException.class, () -> new TreeSums.Shape(0, 1, 1));
    assertThrows(UsageException.class, () -> new TreeSums.Shape(1, 0, 1));
    assertThrows(UsageException.class, () -> new TreeSums.Shape(1, 1, 0));
  }
}
