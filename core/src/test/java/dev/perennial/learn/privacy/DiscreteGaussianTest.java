package dev.perennial.learn.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

final class DiscreteGaussianTest {

  private static final int DRAWS = 200_000;

  @Test
  void draw_smallSigma_hasTheShareOfEachNumber() {
    for (double sigma : new double[] {0.3, 0.8, 1, 2.5}) {
      long[] drawn = new DiscreteGaussian(sigma).draw(DRAWS, CounterRandom.of(7, (long) (sigma * 10)));
      double total = 0;
      for (int y = -60; y <= 60; y++) {
        total += weight(y, sigma);
      }
      for (int y = -6; y <= 6; y++) {
        double share = weight(y, sigma) / total;
        int number = y;
        long seen = Arrays.stream(drawn).filter(value -> value == number).count();
        double spread = Math.sqrt(DRAWS * share * (1 - share));
        assertEquals(DRAWS * share, seen, 5 * spread + 1, "sigma " + sigma + ", number " + y);
      }
    }
  }

  private static double weight(int y, double sigma) {
    return Math.exp(-y * y / (2 * sigma * sigma));
  }

  @Test
  void draw_largeSigma_hasMomentsAndTailsOfTheNormal() {
    double sigma = 123_456.7;
    long[] drawn = new DiscreteGaussian(sigma).draw(DRAWS, CounterRandom.of(8));
    double mean = 0;
    double square = 0;
    double fourth = 0;
    int beyondTwo = 0;
    for (long value : drawn) {
      double z = value / sigma;
      mean += z / DRAWS;
      square += z * z / DRAWS;
      fourth += z * z * z * z / DRAWS;
      beyondTwo += Math.abs(z) > 2 ? 1 : 0;
    }
    assertEquals(0, mean, 5 / Math.sqrt(DRAWS));
    assertEquals(1, square, 5 * Math.sqrt(2.0 / DRAWS));
    assertEquals(3, fourth, 5 * Math.sqrt(96.0 / DRAWS));
    assertEquals(0.0455003 * DRAWS, beyondTwo, 5 * Math.sqrt(0.0455 * DRAWS));
  }

  @Test
  void draw_again_isTheSame_andOfAnotherPurposeAnother() {
    var noise = new DiscreteGaussian(50);
    assertArrayEquals(noise.draw(20, CounterRandom.of(1, 2)), noise.draw(20, CounterRandom.of(1, 2)));
    long[] other = noise.draw(20, CounterRandom.of(1, 3));
    int same = 0;
    for (int i = 0; i < 20; i++) {
      same += other[i] == noise.draw(20, CounterRandom.of(1, 2))[i] ? 1 : 0;
    }
    assertTrue(same < 5, same + " of 20 numbers are the same");
  }
}
