package dev.perennial.learn;

import dev.perennial.UsageException;

/**
 * Whether the parameters are moved uphill before a step, so that it leads to flatter ground.
 *
 * @param sam radius of sharpness-aware minimisation, 0 to 10; default 0, which is off; DSI++ takes 0.15
 * @param refresh rate at which a batch is unlearned before it is learned, 0 to 10; default 0, which is off; keep it
 *     below the learning rate of sgd
 * @param refreshSteps steps of unlearning before each step, 1 to 100; default 1
 * @param refreshNoise share of the noise that the source adds when it unlearns, 0 to 1; default 0
 */
public record AscentOptions(double sam, double refresh, int refreshSteps, double refreshNoise) {

  /** Every step starts from where the parameters are. */
  public static final AscentOptions NONE = new AscentOptions(0, 0, 1, 0);

  /** Checks the ranges. */
  public AscentOptions {
    require(sam >= 0 && sam <= 10, "sam between 0 and 10", sam);
    require(refresh >= 0 && refresh <= 10, "refresh between 0 and 10", refresh);
    require(refreshSteps >= 1 && refreshSteps <= 100, "refreshSteps between 1 and 100", refreshSteps);
    require(refreshNoise >= 0 && refreshNoise <= 1, "refreshNoise between 0 and 1", refreshNoise);
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + ", got " + value);
    }
  }
}
