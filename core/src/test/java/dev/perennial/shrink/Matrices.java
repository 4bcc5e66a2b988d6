package dev.perennial.shrink;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;

/** Matrices that are drawn, and what they differ by. */
final class Matrices {

  private Matrices() {}

  static float[] normal(long seed, int size) {
    var random = CounterRandom.of(seed, 77);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.gaussian(i);
    }
    return values;
  }

  static double squares(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += (double) value * value;
    }
    return sum;
  }

  static double error(float[] values, TensorData other) {
    float[] found = other.floats();
    double sum = 0;
    for (int i = 0; i < values.length; i++) {
      sum += Math.pow(values[i] - found[i], 2);
    }
    return sum;
  }
}
