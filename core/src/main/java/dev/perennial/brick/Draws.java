package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;

/** Random numbers one after another, for initial values. Used by one thread. */
final class Draws {

  private final CounterRandom random;
  private long next;

  Draws(CounterRandom random) {
    this.random = random;
  }

  /** Uniform in ±bound. */
  float[] uniform(long count, double bound) {
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (2 * random.uniform(next++) - 1) * (float) bound;
    }
    return values;
  }

  /** Normal with mean 0. */
  float[] normal(long count, double deviation) {
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.gaussian(next++) * deviation);
    }
    return values;
  }
}
