package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class CredalSetTest {

  private static final float[][] MEANS = {{0, 1, 2}, {3, -1, 0}, {-2, 2, 1}};
  private static final float[][] DEVIATIONS = {{1, 0.5f, 0.1f}, {0.2f, 2, 0.3f}, {1, 1, 1}};

  private TensorScope scope;
  private CredalSet set;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
    set = new CredalSet(0.25);
    for (int k = 0; k < 3; k++) {
      assertEquals(k, set.add(normal(MEANS[k], DEVIATIONS[k]), 0));
    }
  }

  @AfterEach
  void close() {
    set.close();
    scope.close();
  }

  private static CredalSet.Normal normal(float[] means, float[] deviations) {
    return new CredalSet.Normal(Tensors.floats(means, means.length), Tensors.floats(deviations, means.length));
  }

  @Test
  void combined_anyWeights_liesInTheConvexHullAndMinimisesTheWeightedSquaredDistances() {
    var random = CounterRandom.of(9);
    for (int trial = 0; trial < 20; trial++) {
      double[] weights = new double[3];
      double sum = 0;
      for (int k = 0; k < 3; k++) {
        weights[k] = random.uniform(10L * trial + k);
        sum += weights[k];
      }
      for (int k = 0; k < 3; k++) {
        weights[k] /= sum;
      }
      weights[2] = 1 - weights[0] - weights[1];
      CredalSet.Normal combined = set.combined(weights);
      for (int i = 0; i < 3; i++) {
        double mean = 0;
        double deviation = 0;
        for (int k = 0; k < 3; k++) {
          mean += weights[k] * MEANS[k][i];
          deviation += weights[k] * DEVIATIONS[k][i];
        }
        assertEquals(mean, Tensors.toFloats(combined.means())[i], 1e-5);
        assertEquals(deviation, Tensors.toFloats(combined.deviations())[i], 1e-5);
      }
      double least = spread(combined, weights);
      for (int other = 0; other < 10; other++) {
        var noise = Tensors.gaussians(CounterRandom.of(10, trial), other, 6);
        var near = new CredalSet.Normal(
            combined.means().add(noise.narrow(0, 0, 3)), combined.deviations().add(noise.narrow(0, 3, 3)).abs());
        assertTrue(spread(near, weights) > least);
      }
      // Distance is convex: the combination is no further from any point than the extreme points are on average.
      CredalSet.Normal origin = normal(new float[3], new float[] {1, 1, 1});
      double mean = 0;
      for (int k = 0; k < 3; k++) {
        mean += weights[k] * origin.distance(set.point(k));
      }
      assertTrue(origin.distance(combined) <= mean + 1e-6);
    }
  }

  private double spread(CredalSet.Normal from, double[] weights) {
    double spread = 0;
    for (int k = 0; k < 3; k++) {
      spread += weights[k] * Math.pow(from.distance(set.point(k)), 2);
    }
    return spread;
  }

  @Test
  void combined_allWeightOnOne_isThatExtremePoint() {
    CredalSet.Normal combined = set.combined(0, 1, 0);
    assertArrayEquals(MEANS[1], Tensors.toFloats(combined.means()));
    assertArrayEquals(DEVIATIONS[1], Tensors.toFloats(combined.deviations()));
  }

  @Test
  void combined_weightsOfNoCombination_areRefused() {
    assertThrows(IllegalArgumentException.class, () -> set.combined(0.5, 0.5));
    assertThrows(IllegalArgumentException.class, () -> set.combined(0.5, 0.6, 0));
    assertThrows(IllegalArgumentException.class, () -> set.combined(1.5, -0.5, 0));
  }

  @Test
  void distance_knownNormals_isTheClosedForm() {
    assertEquals(Math.sqrt(9 + 4 + 4 + 0.64 + 2.25 + 0.04), set.point(0).distance(set.point(1)), 1e-5);
  }

  @Test
  void add_nearerThanTheThreshold_standsForTheNearest() {
    float[] near = {-2, 2, 1.5f};
    assertEquals(2, set.add(normal(near, DEVIATIONS[2]), 0.6));
    assertEquals(3, set.size());
    assertEquals(3, set.add(normal(near, DEVIATIONS[2]), 0.4));
    assertEquals(4, set.size());
    assertEquals(4 * 3 * 2 * Float.BYTES, set.bytes());
  }

  @Test
  void add_moreParameters_earlierPointsHoldThemAroundZero() {
    assertEquals(3, set.add(normal(new float[] {1, 1, 1, 5}, new float[] {1, 1, 1, 1}), 0));
    assertArrayEquals(new float[] {0, 1, 2, 0}, Tensors.toFloats(set.point(0).means()));
    assertArrayEquals(new float[] {1, 0.5f, 0.1f, 0.25f}, Tensors.toFloats(set.point(0).deviations()));
  }
}
