package dev.perennial.route;

import dev.perennial.UsageException;

/** The ranges that options of several routers share. */
final class Ranges {

  private Ranges() {}

  /** @throws UsageException if {@code top} is below 1, or {@code temperature} not above 0 */
  static void require(int top, double temperature) {
    if (top < 1) {
      throw new UsageException("expected at least 1 brick to route to, got " + top);
    }
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new UsageException("expected a temperature above 0, got " + temperature);
    }
  }
}
