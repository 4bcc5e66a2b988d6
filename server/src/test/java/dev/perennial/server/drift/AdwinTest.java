package dev.perennial.server.drift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AdwinTest {

  private static final Adwin.Options EAGER = new Adwin.Options(0.002, 1, 5, 5);

  /** 1 with a probability that changes at a place. */
  private static double bernoulli(long seed, int place, int change, double before, double after) {
    return CounterRandom.of(seed, 7).uniform(place) < (place < change ? before : after) ? 1 : 0;
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).sum() / values.size();
  }

  private static double deviations(List<Double> values) {
    double mean = mean(values);
    return values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
  }

  /** What a cut there is worth, from the values themselves. */
  private static double ratio(List<Double> window, int cut, double delta) {
    double n0 = cut;
    double n1 = window.size() - cut;
    double m = 1 / (1 / n0 + 1 / n1);
    double log = Math.log(2 / (delta / Math.log(window.size())));
    double variance = deviations(window) / window.size();
    double e = Math.sqrt(2 / m * variance * log) + 2 / (3 * m) * log;
    return Math.abs(mean(window.subList(0, cut)) - mean(window.subList(cut, window.size()))) / e;
  }

  @Test
  void observe_everyStep_agreesWithTheValuesOfTheWindow() {
    for (long seed = 0; seed < 3; seed++) {
      var adwin = new Adwin(EAGER);
      var window = new ArrayList<Double>();
      int drifts = 0;
      for (int place = 0; place < 900; place++) {
        double value = bernoulli(seed, place, 500, 0.2, 0.6) + 0.1 * CounterRandom.of(seed, 8).uniform(place);
        Drift drift = adwin.observe(value);
        window.add(value);
        if (drift.drifted()) {
          drifts++;
          assertTrue(drift.score() >= 1);
        } else {
          double most = 0;
          int cut = 0;
          for (long size : adwin.buckets()) {
            cut += (int) size;
            if (cut >= 5 && window.size() - cut >= 5) {
              most = Math.max(most, ratio(window, cut, 0.002));
            }
          }
          assertEquals(most, drift.score(), 1e-9);
          assertTrue(most < 1);
        }
        while (window.size() > adwin.size()) {
          window.removeFirst();
        }
        assertEquals(adwin.size(), adwin.buckets().stream().mapToLong(Long::longValue).sum());
        assertEquals(mean(window), adwin.mean(), 1e-9);
        assertEquals(deviations(window), adwin.window().deviations, 1e-6);
      }
      assertTrue(drifts > 0);
      assertTrue(adwin.size() < 520, "the window before the change is forgotten: " + adwin.size());
    }
  }

  @Test
  void observe_afterAChange_isAsFastAsTryingEverySplitButForABucket() {
    for (long seed = 0; seed < 2; seed++) {
      var adwin = new Adwin(EAGER);
      var window = new ArrayList<Double>();
      int twin = -1;
      int own = -1;
      for (int place = 0; place < 1_200 && own < 0; place++) {
        double value = bernoulli(seed, place, 600, 0.1, 0.5);
        boolean drifted = adwin.observe(value).drifted();
        window.add(value);
        boolean found = false;
        for (int cut = 5; twin < 0 && !found && window.size() - cut >= 5; cut++) {
          found = ratio(window, cut, 0.002) >= 1;
        }
        twin = found ? place : twin;
        own = drifted ? place : own;
      }
      assertTrue(twin >= 600 && own >= twin, "seed " + seed + ": " + twin + ", " + own);
      assertTrue(own - twin <= 20, "seed " + seed + ": " + twin + ", " + own);
    }
  }

  @Test
  void observe_stationaryStream_raisesFalseAlarmsInNoMoreThanDeltaOfItsLooks() {
    int looks = 0;
    int alarms = 0;
    for (long seed = 0; seed < 40; seed++) {
      var adwin = new Adwin(new Adwin.Options(0.05, 8, 5, 5));
      for (int place = 0; place < 4_000; place++) {
        alarms += adwin.observe(bernoulli(seed, place, 0, 0, 0.3)).drifted() ? 1 : 0;
        looks += place % 8 == 7 ? 1 : 0;
      }
    }
    assertTrue(alarms <= 0.05 * looks, alarms + " of " + looks);
  }

  @Test
  void observe_aMillionValues_keepsLogarithmicallyMany() {
    var adwin = new Adwin(Adwin.Options.DEFAULT);
    for (int place = 0; place < 1_000_000; place++) {
      assertFalse(adwin.observe(place % 2 == 0 ? 0.0 : 1.0).drifted());
    }
    assertEquals(1_000_000, adwin.size());
    assertTrue(adwin.buckets().size() <= 5 * 19, adwin.buckets()::toString);
    assertEquals(0.5, adwin.mean(), 1e-12);
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> new Adwin.Options(0, 1, 5, 5));
    assertThrows(UsageException.class, () -> new Adwin.Options(0.1, 0, 5, 5));
    assertThrows(UsageException.class, () -> new Adwin.Options(0.1, 1, 1, 5));
    assertThrows(UsageException.class, () -> new Adwin.Options(0.1, 1, 5, 0));
  }
}
