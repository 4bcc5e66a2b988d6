package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.learn.OptimiserOptions.Kind;
import dev.perennial.learn.OptimiserOptions.Schedule;
import org.junit.jupiter.api.Test;

final class OptimiserOptionsTest {

  @Test
  void rateAt_warmupAndHalfCosine_isTheFormula() {
    OptimiserOptions options = warmingUp(0.25, Schedule.COSINE);
    for (int step = 0; step < 20; step++) {
      double expected =
          step < 4 ? 0.1 * (step + 1) / 5 : 0.05 * (1 + Math.cos(Math.PI * Math.max(0, step - 5) / 15));
      assertEquals(expected, options.rateAt(step, 20), 1e-12, "step " + step);
    }
  }

  @Test
  void rateAt_constant_staysOnceItHasRisen() {
    OptimiserOptions options = warmingUp(0.25, Schedule.CONSTANT);
    for (int step = 0; step < 20; step++) {
      assertEquals(step < 4 ? 0.1 * (step + 1) / 5 : 0.1, options.rateAt(step, 20), 1e-12, "step " + step);
    }
  }

  @Test
  void rateAt_rewarm_risesFromATenthInLaterExperiencesAndFallsToIt() {
    OptimiserOptions options = warmingUp(0.25, Schedule.REWARM);
    for (int step = 0; step < 20; step++) {
      double fall = 0.01 + 0.09 * (1 + Math.cos(Math.PI * (step - 5) / 15)) / 2;
      assertEquals(step < 4 ? 0.1 * (step + 1) / 5 : step == 4 ? 0.1 : fall, options.rateAt(0, step, 20), 1e-12,
          "first experience, step " + step);
      assertEquals(step < 4 ? 0.01 + 0.09 * (step + 1) / 5 : step == 4 ? 0.1 : fall, options.rateAt(3, step, 20), 1e-12,
          "later experience, step " + step);
    }
  }

  @Test
  void rateAt_infinite_coolsDownOnceAndAnnealsAtEveryEnd() {
    OptimiserOptions options = warmingUp(0.1, Schedule.INFINITE);
    double plateau = 0.055;
    for (int step = 0; step < 40; step++) {
      double annealed = step < 34 ? plateau : plateau * Math.pow(0.01 / plateau, (step - 34) / 6.0);
      double first = step < 3
          ? 0.1 * (step + 1) / 4
          : step < 24 ? plateau + 0.045 * (1 + Math.cos(Math.PI * Math.max(0, step - 4) / 20)) / 2 : annealed;
      assertEquals(first, options.rateAt(0, step, 40), 1e-12, "first experience, step " + step);
      assertEquals(annealed, options.rateAt(1, step, 40), 1e-12, "later experience, step " + step);
    }
    assertEquals(0.055, options.rateAt(1, 0, 1), 1e-12);
  }

  @Test
  void rateAt_nothingButWarmup_endsAtTheHighestRate() {
    OptimiserOptions options = warmingUp(1, Schedule.COSINE);
    assertEquals(0.025, options.rateAt(0, 4), 1e-12);
    assertEquals(0.1, options.rateAt(3, 4), 1e-12);
  }

  @Test
  void rateAt_singleStep_isTheHighestRate() {
    assertEquals(0.1, warmingUp(0, Schedule.COSINE).rateAt(0, 1), 1e-12);
    assertEquals(0.1, warmingUp(0.1, Schedule.COSINE).rateAt(0, 1), 1e-12);
  }

  @Test
  void components_outOfRange_areRefused() {
    assertEquals("expected rate above 0 and at most 10, got 0.0",
        assertThrows(UsageException.class, () -> OptimiserOptions.sgd(0)).getMessage());
    assertThrows(UsageException.class, () -> OptimiserOptions.sgd(Double.NaN));
    assertThrows(UsageException.class, () -> warmingUp(1.1, Schedule.COSINE));
    assertThrows(UsageException.class, () -> new OptimiserOptions(Kind.SGD, 0.1, 0, Schedule.CONSTANT, 1, 0));
    assertThrows(UsageException.class, () -> new OptimiserOptions(Kind.SGD, 0.1, 0, Schedule.CONSTANT, 0, -1));
  }

  private static OptimiserOptions warmingUp(double warmup, Schedule schedule) {
    return new OptimiserOptions(Kind.ADAMW, 0.1, warmup, schedule, 0, 0);
  }
}
