package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;

/** The coefficient of a term of the objective. */
final class Strength {

  private Strength() {}

  /** Checks that an option is one: a number of at least 0. */
  static void require(String option, double strength) {
    if (!(strength >= 0) || Double.isInfinite(strength)) {
      throw new UsageException("expected a " + option + " of at least 0, got " + strength);
    }
  }

  /** Checks an option that both sides of a distillation are softened by. */
  static void requireTemperature(double temperature) {
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new UsageException("expected a temperature above 0, got " + temperature);
    }
  }
}
