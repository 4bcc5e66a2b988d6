package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import org.junit.jupiter.api.Test;

final class GradientOptionsTest {

  @Test
  void rateAt_warmupAndHalfCosine_isTheFormula() {
    GradientOptions options = warmingUp(0.25);
    double[] expected = new double[20];
    for (int step = 0; step < 20; step++) {
      expected[step] = step < 4 ? 0.1 * (step + 1) / 5 : 0.05 * (1 + Math.cos(Math.PI * Math.max(0, step - 5) / 15));
      assertEquals(expected[step], options.rateAt(step, 20), 1e-12, "step " + step);
    }
  }

  @Test
  void rateAt_nothingButWarmup_endsAtTheHighestRate() {
    GradientOptions options = warmingUp(1);
    assertEquals(0.025, options.rateAt(0, 4), 1e-12);
    assertEquals(0.1, options.rateAt(3, 4), 1e-12);
  }

  @Test
  void rateAt_singleStep_isTheHighestRate() {
    assertEquals(0.1, warmingUp(0).rateAt(0, 1), 1e-12);
    assertEquals(0.1, warmingUp(0.1).rateAt(0, 1), 1e-12);
  }

  @Test
  void components_outOfRange_areRefusedByName() {
    GradientOptions defaults = GradientOptions.DEFAULT;
    assertEquals("expected epochs between 1 and 1000, got 0",
        assertThrows(UsageException.class, () -> defaults.withEpochs(0)).getMessage());
    assertThrows(UsageException.class, () -> with(3, 0, 0.1, 0, 0));
    assertThrows(UsageException.class, () -> with(3, 8, 0, 0, 0));
    assertThrows(UsageException.class, () -> with(3, 8, Double.NaN, 0, 0));
    assertThrows(UsageException.class, () -> with(3, 8, 0.1, 1.1, 0));
    assertThrows(UsageException.class, () -> with(3, 8, 0.1, 0, -1));
  }

  private static GradientOptions warmingUp(double warmup) {
    return with(1, 8, 0.1, warmup, 0);
  }

  private static GradientOptions with(int epochs, int batch, double rate, double warmup, double decay) {
    return new GradientOptions(epochs, batch, rate, warmup, decay, LoraOptions.DEFAULT, HeadOptions.DEFAULT);
  }
}
