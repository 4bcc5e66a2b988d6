package dev.perennial.learn.generative;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LatentGaussianTest {

  private static final int WIDTH = 5;
  private static final int ROWS = 60;

  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Rows whose numbers differ in spread, and hang together. */
  private static float[] rows(int from, int to) {
    var random = CounterRandom.of(11);
    float[] rows = new float[(to - from) * WIDTH];
    for (int row = from; row < to; row++) {
      double shared = 2 * random.gaussian(row * 10L + 9);
      for (int c = 0; c < WIDTH; c++) {
        double own = (0.3 + 0.2 * c) * random.gaussian(row * 10L + c);
        rows[(row - from) * WIDTH + c] = (float) (c + shared * (c - 1) + own);
      }
    }
    return rows;
  }

  private static LatentGaussian fitted(int q, int... cuts) {
    LatentGaussian model = LatentGaussian.none(WIDTH, q);
    for (int i = 1; i < cuts.length; i++) {
      model = model.with(Tensors.floats(rows(cuts[i - 1], cuts[i]), cuts[i] - cuts[i - 1], WIDTH));
    }
    return model;
  }

  private static double[] mean(float[] rows) {
    double[] mean = new double[WIDTH];
    for (int i = 0; i < rows.length; i++) {
      mean[i % WIDTH] += rows[i] / (double) (rows.length / WIDTH);
    }
    return mean;
  }

  private static double[] covariance(float[] rows) {
    double[] mean = mean(rows);
    double[] covariance = new double[WIDTH * WIDTH];
    for (int row = 0; row < rows.length / WIDTH; row++) {
      for (int i = 0; i < WIDTH * WIDTH; i++) {
        double one = rows[row * WIDTH + i / WIDTH] - mean[i / WIDTH];
        double other = rows[row * WIDTH + i % WIDTH] - mean[i % WIDTH];
        covariance[i] += one * other / (rows.length / WIDTH);
      }
    }
    return covariance;
  }

  private static double[] covariance(LatentGaussian model) {
    double[] covariance = new double[WIDTH * WIDTH];
    for (int i = 0; i < WIDTH * WIDTH; i++) {
      covariance[i] = i / WIDTH == i % WIDTH ? model.variance() : 0;
      for (int f = 0; f < model.factors().length; f += WIDTH) {
        covariance[i] += (double) model.factors()[f + i / WIDTH] * model.factors()[f + i % WIDTH];
      }
    }
    return covariance;
  }

  private static double[] doubles(float[] values) {
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  @Test
  void with_allButOneDirection_hasTheMomentsOfTheRows() {
    LatentGaussian model = fitted(WIDTH - 1, 0, ROWS);
    assertArrayEquals(mean(rows(0, ROWS)), doubles(model.mean()), 1e-5);
    assertArrayEquals(covariance(rows(0, ROWS)), covariance(model), 1e-5);
    assertEquals(ROWS, model.rows());
  }

  @Test
  void with_rowsInParts_hasTheMomentsOfAllAtOnce() {
    LatentGaussian model = fitted(WIDTH - 1, 0, 7, 8, 30, ROWS);
    assertArrayEquals(mean(rows(0, ROWS)), doubles(model.mean()), 1e-5);
    assertArrayEquals(covariance(rows(0, ROWS)), covariance(model), 1e-5);
    assertEquals(ROWS, model.rows());
  }

  @Test
  void with_fewDirections_keepsTheWholeVariance_andTheDirectionsAreEigenvectors() {
    double[] rows = covariance(rows(0, ROWS));
    LatentGaussian model = fitted(2, 0, ROWS);
    double[] kept = covariance(model);
    double trace = 0;
    double keptTrace = 0;
    for (int i = 0; i < WIDTH; i++) {
      trace += rows[i * WIDTH + i];
      keptTrace += kept[i * WIDTH + i];
    }
    assertEquals(trace, keptTrace, 1e-5 * trace);
    for (int f = 0; f < 2; f++) {
      double length = 0;
      for (int c = 0; c < WIDTH; c++) {
        length += Math.pow(model.factors()[f * WIDTH + c], 2);
      }
      // C v = (|w|² + sigma²) v
      for (int i = 0; i < WIDTH; i++) {
        double product = 0;
        for (int c = 0; c < WIDTH; c++) {
          product += rows[i * WIDTH + c] * model.factors()[f * WIDTH + c];
        }
        assertEquals((length + model.variance()) * model.factors()[f * WIDTH + i], product, 1e-4 * trace);
      }
    }
  }

  @Test
  void with_oneRow_drawsThatRowAlone() {
    LatentGaussian model = fitted(2, 4, 5);
    float[] drawn = Tensors.toFloats(model.draw(3, CounterRandom.of(1)));
    for (int row = 0; row < 3; row++) {
      for (int c = 0; c < WIDTH; c++) {
        assertEquals(rows(4, 5)[c], drawn[row * WIDTH + c], 1e-6);
      }
    }
  }

  @Test
  void draw_manyRows_haveItsMoments() {
    LatentGaussian model = fitted(2, 0, ROWS);
    float[] drawn = Tensors.toFloats(model.draw(40_000, CounterRandom.of(3)));
    double[] expected = covariance(model);
    double[] seen = covariance(drawn);
    double[] mean = mean(drawn);
    for (int c = 0; c < WIDTH; c++) {
      assertEquals(model.mean()[c], mean[c], 6 * Math.sqrt(expected[c * WIDTH + c] / 40_000));
    }
    for (int i = 0; i < expected.length; i++) {
      double variances = expected[i / WIDTH * (WIDTH + 1)] * expected[i % WIDTH * (WIDTH + 1)];
      assertEquals(expected[i], seen[i], 8 * Math.sqrt(variances / 40_000));
    }
  }

  @Test
  void bytes_areThoseOfWhatIsKept() {
    LatentGaussian model = fitted(3, 0, 10);
    assertEquals(4L * (model.mean().length + model.factors().length) + 16, LatentGaussian.bytes(WIDTH, 3));
    assertTrue(LatentGaussian.directions(16, WIDTH) == 4 && LatentGaussian.directions(3, WIDTH) == 3);
  }
}
