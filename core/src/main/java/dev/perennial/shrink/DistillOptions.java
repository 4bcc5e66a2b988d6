package dev.perennial.shrink;

import dev.perennial.UsageException;

/**
 * How a changed network is trained to give the features that the network gave before.
 *
 * @param steps of gradient descent, 1 or more; default 150
 * @param batch inputs of a step, 1 or more; default 32
 * @param rate highest learning rate of AdamW, above 0; default 0.002
 * @param seed decides the batches and what is drawn
 */
public record DistillOptions(int steps, int batch, double rate, long seed) {

  /** Checks the ranges. */
  public DistillOptions {
    if (steps < 1 || batch < 1 || !(rate > 0 && rate <= 10)) {
      throw new UsageException("expected 1 or more steps of 1 or more inputs and a rate above 0, at most 10, got " + steps
          + ", " + batch + " and " + rate);
    }
  }

  /** The usual options. */
  public static DistillOptions of(long seed) {
    return new DistillOptions(150, 32, 0.002, seed);
  }

  /** The same with another number of steps. */
  public DistillOptions withSteps(int number) {
    return new DistillOptions(number, batch, rate, seed);
  }
}
