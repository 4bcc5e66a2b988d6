package dev.perennial.server.drift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import org.junit.jupiter.api.Test;

final class EmbeddingDistanceTest {

  private static final int WIDTH = 24;
  private static final EmbeddingDistance.Options SMALL = new EmbeddingDistance.Options(256, 64, 8, 5, 100);

  /** Numbers of very unlike spread, moved by so many of their standard deviations in the direction that varies least. */
  private static float[] embedding(long seed, long place, double moved) {
    float[] numbers = new float[WIDTH];
    var random = CounterRandom.of(seed, 5, place);
    for (int c = 0; c < WIDTH; c++) {
      numbers[c] = (float) (3 + random.gaussian(c) * Math.pow(0.8, c) + (c == WIDTH - 1 ? moved : 0));
    }
    return numbers;
  }

  @Test
  void observe_stationaryEmbeddings_raisesNoFalseAlarm() {
    for (long seed = 0; seed < 25; seed++) {
      var detector = new EmbeddingDistance(SMALL, 1);
      for (long place = 0; place < 2_500; place++) {
        Drift drift = detector.observe(embedding(seed, place, 0));
        assertFalse(drift.drifted(), "seed " + seed + " at " + place);
        assertEquals(place < 256 + 63, drift.level() == Drift.Level.WARM_UP);
      }
    }
  }

  @Test
  void observe_movedEmbeddings_findsTheMoveWithinAWindow() {
    for (long seed = 0; seed < 25; seed++) {
      var detector = new EmbeddingDistance(SMALL, 1);
      int found = -1;
      for (int place = 0; place < 1_200 && found < 0; place++) {
        found = detector.observe(embedding(seed, place, place < 800 ? 0 : 1.5)).drifted() ? place : -1;
      }
      assertTrue(found >= 800 && found <= 864, "seed " + seed + " at " + found);
    }
  }

  @Test
  void observe_afterADrift_takesWhatCameAfterItAsUsual() {
    var detector = new EmbeddingDistance(SMALL, 1);
    int drifts = 0;
    for (int place = 0; place < 4_000; place++) {
      drifts += detector.observe(embedding(1, place, place < 800 ? 0 : 2)).drifted() ? 1 : 0;
    }
    assertEquals(1, drifts);
  }

  @Test
  void statistic_ofDrawsOfOneDistribution_isTheTraceOfItsCovarianceAndExceedsItsUpperEndAsSeldomAsItSays() {
    // Gaussian with variances 0.64^c: T is a weighted sum of chi-squares, mean sum of weights, variance 2 sum of squares.
    double trace = 0;
    double squares = 0;
    for (int c = 0; c < WIDTH; c++) {
      trace += Math.pow(0.64, c);
      squares += 2 * Math.pow(0.64, 2 * c);
    }
    double end = EmbeddingDistance.upperEnd(trace, squares, 2);
    int draws = 4_000;
    int above = 0;
    double sum = 0;
    for (int draw = 0; draw < draws; draw++) {
      double[] a = new double[WIDTH];
      double[] b = new double[WIDTH];
      for (int row = 0; row < 8; row++) {
        float[] numbers = embedding(9, draw * 8L + row, 0);
        for (int c = 0; c < WIDTH; c++) {
          (row < 5 ? a : b)[c] += numbers[c] / (row < 5 ? 5.0 : 3.0);
        }
      }
      double t = EmbeddingDistance.statistic(a, b, 5, 3);
      sum += t;
      above += t > end ? 1 : 0;
    }
    assertEquals(trace, sum / draws, 0.05 * trace);
    // Two standard deviations: 2.3 %, within the error of the chi-square approximation and of 4,000 draws.
    assertEquals(0.0228, (double) above / draws, 0.012);
  }

  @Test
  void observe_identicalEmbeddings_alarmsAtAnyOther() {
    var detector = new EmbeddingDistance(SMALL, 1);
    for (int place = 0; place < 600; place++) {
      assertFalse(detector.observe(new float[] {1, 2}).drifted());
    }
    boolean found = false;
    for (int place = 0; place < 8; place++) {
      found |= detector.observe(new float[] {1, 2.5f}).drifted();
    }
    assertTrue(found);
  }

  @Test
  void observe_anotherWidthOrNoNumber_isRefused() {
    var detector = new EmbeddingDistance(SMALL, 1);
    detector.observe(new float[] {1, 2});
    assertThrows(IllegalArgumentException.class, () -> detector.observe(new float[] {1}));
    assertThrows(IllegalArgumentException.class, () -> detector.observe(new float[] {1, Float.NaN}));
    assertThrows(UsageException.class, () -> new EmbeddingDistance.Options(256, 129, 8, 5, 100));
    assertThrows(UsageException.class, () -> new EmbeddingDistance.Options(256, 64, 8, 0, 100));
  }
}
