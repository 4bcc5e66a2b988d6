package dev.perennial.server.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class PaceTest {

  private final AtomicLong nanos = new AtomicLong(1_000_000_000_000L);
  private final Latencies latencies = new Latencies(nanos::get);

  private void predictions(double millis) {
    for (int i = 0; i < 200; i++) {
      latencies.add((long) (millis * 1e6));
    }
  }

  @Test
  void p99_isTheSlowestOfAHundred_withinTheWindow() {
    assertEquals(0, latencies.p99());
    for (int i = 1; i <= 100; i++) {
      latencies.add(i * 1_000_000L);
    }
    assertEquals(0.099, latencies.p99(), 1e-9);
    nanos.addAndGet(6_000_000_000L);
    assertEquals(0, latencies.p99());
  }

  @Test
  void share_slowPredictions_fallsAndRestsLonger_andRisesWhenTheyAreFast() {
    var pace = new Pace(0.05, latencies);
    predictions(80);
    long last = 0;
    for (int i = 0; i < 10; i++) {
      long rest = pace.restAfter(10_000_000);
      assertTrue(rest > last, rest + " after " + last);
      last = rest;
    }
    assertEquals(Math.pow(0.8, 10), pace.share(), 1e-9);
    assertEquals(1e7 * (1 - pace.share()) / pace.share(), last, 1);
    for (int i = 0; i < 100; i++) {
      pace.restAfter(10_000_000);
    }
    assertEquals(0.02, pace.share(), 1e-9);
    nanos.addAndGet(6_000_000_000L);
    predictions(10);
    for (int i = 0; i < 60; i++) {
      pace.restAfter(10_000_000);
    }
    assertEquals(1, pace.share(), 1e-9);
    assertEquals(0, pace.restAfter(10_000_000));
  }

  @Test
  void rest_withoutATargetOrAfterAStop_isNone() {
    predictions(500);
    assertEquals(0, new Pace(0, latencies).restAfter(10_000_000));
    var pace = new Pace(0.05, latencies);
    assertTrue(pace.restAfter(10_000_000) > 0);
    pace.stop();
    assertEquals(0, pace.restAfter(10_000_000));
  }
}
