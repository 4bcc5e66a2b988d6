package dev.perennial.server.drift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import org.junit.jupiter.api.Test;

final class PageHinkleyTest {

  /** The first alarm at a stream of {@code before} values of a and then values of b; -1 for none. */
  private static int alarm(PageHinkley detector, double a, double b, int before, int most) {
    for (int place = 1; place <= most; place++) {
      if (detector.observe(place <= before ? a : b).drifted()) {
        return place;
      }
    }
    return -1;
  }

  @Test
  void observe_aStep_alarmsWhereTheClosedFormSays() {
    // After n values of a, the value number i of b is (b - a) n / i above the running mean.
    for (double step : new double[] {0.3, 1, 4}) {
      for (int n : new int[] {50, 400}) {
        double sum = 0;
        int place = n;
        while (sum <= 20) {
          place++;
          sum += step * n / place - 0.01;
        }
        var options = new PageHinkley.Options(0.01, 20, 30, PageHinkley.Direction.RISE);
        assertEquals(place, alarm(new PageHinkley(options), 2, 2 + step, n, 2_000), "step " + step + " after " + n);
      }
    }
  }

  @Test
  void observe_theOtherDirection_isNotAlarmed() {
    assertEquals(-1, alarm(detector(PageHinkley.Direction.RISE), 1, 0, 100, 2_000));
    assertEquals(-1, alarm(detector(PageHinkley.Direction.FALL), 0, 1, 100, 2_000));
    int fall = alarm(detector(PageHinkley.Direction.FALL), 1, 0, 100, 2_000);
    assertTrue(fall > 100);
    assertEquals(fall, alarm(detector(PageHinkley.Direction.EITHER), 1, 0, 100, 2_000));
    assertEquals(fall, alarm(detector(PageHinkley.Direction.EITHER), 0, 1, 100, 2_000));
  }

  private static PageHinkley detector(PageHinkley.Direction direction) {
    return new PageHinkley(new PageHinkley.Options(0.005, 10, 30, direction));
  }

  @Test
  void observe_anyValues_scoresWhatTheSumsOfAllOfThemSay() {
    var detector = new PageHinkley(new PageHinkley.Options(0.02, 1e6, 1, PageHinkley.Direction.EITHER));
    double[] values = new double[300];
    for (int t = 0; t < values.length; t++) {
      values[t] = CounterRandom.of(4, 2).gaussian(t) + (t < 150 ? 0 : 0.5);
      double score = detector.observe(values[t]).score();
      double most = 0;
      for (int sign = -1; sign <= 1; sign += 2) {
        double sum = 0;
        double least = 0;
        double total = 0;
        for (int i = 0; i <= t; i++) {
          total += values[i];
          sum += sign * (values[i] - total / (i + 1)) - 0.02;
          least = Math.min(least, sum);
        }
        most = Math.max(most, sum - least);
      }
      assertEquals(most, 1e6 * score, 1e-8);
    }
  }

  @Test
  void observe_stationaryErrors_raisesNoFalseAlarmAndFindsTheirRise() {
    int found = 0;
    for (long seed = 0; seed < 20; seed++) {
      var detector = new PageHinkley(PageHinkley.Options.DEFAULT);
      var random = CounterRandom.of(seed, 3);
      for (int place = 0; place < 3_000; place++) {
        assertFalse(detector.observe(random.uniform(place) < 0.1 ? 1.0 : 0).drifted(), "seed " + seed + " at " + place);
      }
      for (int place = 3_000; place < 3_400; place++) {
        found += detector.observe(random.uniform(place) < 0.5 ? 1.0 : 0).drifted() ? 1 : 0;
      }
    }
    assertTrue(found >= 20, "found " + found);
  }

  @Test
  void observe_whatIsNoNumber_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> detector(PageHinkley.Direction.RISE).observe(Double.NaN));
    assertThrows(UsageException.class, () -> new PageHinkley.Options(-1, 1, 1, PageHinkley.Direction.RISE));
    assertThrows(UsageException.class, () -> new PageHinkley.Options(0, 0, 1, PageHinkley.Direction.RISE));
    assertThrows(UsageException.class, () -> new PageHinkley.Options(0, 1, 0, PageHinkley.Direction.RISE));
  }
}
