package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class CmaEsTest {

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  private static double[] best(int size, int generations, ToDoubleFunction<double[]> loss, long seed) {
    double[] start = new double[size];
    Arrays.fill(start, 0.5);
    var evolution = new CmaEs(start, 1.0 / 6, CounterRandom.of(seed));
    double[] best = start;
    for (int i = 0; i < generations; i++) {
      double[][] candidates = evolution.ask();
      double[] losses = Arrays.stream(candidates).mapToDouble(loss).toArray();
      evolution.tell(candidates, losses);
      for (double[] candidate : candidates) {
        best = loss.applyAsDouble(candidate) < loss.applyAsDouble(best) ? candidate : best;
      }
    }
    return best;
  }

  /** A valley whose axes are turned and unlike by a factor of 1,000 in curvature, with its lowest point at known numbers. */
  private static double valley(double[] x, double[] lowest) {
    double sum = 0;
    double loss = 0;
    for (int i = 0; i < x.length; i++) {
      double off = x[i] - lowest[i];
      sum += off;
      loss += off * off;
    }
    return loss + 1000 * sum * sum;
  }

  @Test
  void tell_turnedValley_findsItsLowestPoint() {
    double[] lowest = {0.2, 0.7, 0.4, 0.9, 0.35};
    for (long seed = 0; seed < 3; seed++) {
      assertArrayEquals(lowest, best(5, 250, x -> valley(x, lowest), seed), 1e-5);
    }
  }

  @Test
  void tell_bentValley_findsItsLowestPoint() {
    // Rosenbrock's function, its lowest point (1, 1) at (0.75, 0.75).
    double[] found = best(2, 250, x -> {
      double a = 4 * x[0] - 2;
      double b = 4 * x[1] - 2;
      return 100 * (b - a * a) * (b - a * a) + (1 - a) * (1 - a);
    }, 1);
    assertArrayEquals(new double[] {0.75, 0.75}, found, 1e-5);
  }

  @Test
  void ask_lowestPointOutside_staysInTheBoxAndGoesToItsEdge() {
    double[] found = best(3, 100, x -> {
      for (double number : x) {
        assertTrue(number >= 0 && number <= 1);
      }
      return Math.abs(x[0] + 0.5) + Math.abs(x[1] - 2) + Math.abs(x[2] - 0.3);
    }, 4);
    assertArrayEquals(new double[] {0, 1, 0.3}, found, 1e-4);
  }

  @Test
  void ask_sameSeed_givesTheSameBits() {
    double[] lowest = {0.2, 0.7, 0.4};
    assertArrayEquals(best(3, 30, x -> valley(x, lowest), 2), best(3, 30, x -> valley(x, lowest), 2), 0);
    assertTrue(!Arrays.equals(best(3, 30, x -> valley(x, lowest), 2), best(3, 30, x -> valley(x, lowest), 3)));
  }
}
