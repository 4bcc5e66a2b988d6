package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.brick.RandomProjection;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.Collections;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class AnalyticTest extends RouteFixture {

  private static final Analytic.Options OPTIONS = new Analytic.Options(10, 2, 0.1, 0.2);
  private static final List<String> BRICKS = List.of("z", "none", "a");
  private static final int WIDTH = 3;

  private final Workers workers = new Workers(1);

  @AfterEach
  void closeWorkers() {
    workers.close();
  }

  /** Three classes of two bricks, four examples each, taken in in any order. */
  private Analytic.Sums sums(int... order) {
    var sums = new Analytic.Sums(OPTIONS, WIDTH, workers);
    for (int part : order) {
      sums.add(part == 0 ? "z" : "a", Collections.nCopies(4, part == 2 ? "two" : "one"), normal(part, 4, 2 * WIDTH));
    }
    return sums;
  }

  /** (H'H + ridge I)^-1 H'Y by Gauss and Jordan. */
  private static double[][] ridge(double[][] h, double[][] y) {
    int n = h[0].length;
    int classes = y[0].length;
    double[][] system = new double[n][n + classes];
    double trace = 0;
    for (int row = 0; row < h.length; row++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          system[i][j] += h[row][i] * h[row][j];
        }
        for (int c = 0; c < classes; c++) {
          system[i][n + c] += h[row][i] * y[row][c];
        }
        trace += h[row][i] * h[row][i];
      }
    }
    for (int i = 0; i < n; i++) {
      system[i][i] += OPTIONS.ridge() * trace / n;
    }
    for (int pivot = 0; pivot < n; pivot++) {
      for (int row = 0; row < n; row++) {
        double factor = row == pivot ? 0 : system[row][pivot] / system[pivot][pivot];
        for (int i = pivot; factor != 0 && i < n + classes; i++) {
          system[row][i] -= factor * system[pivot][i];
        }
      }
    }
    double[][] solution = new double[n][classes];
    for (int i = 0; i < n; i++) {
      for (int c = 0; c < classes; c++) {
        solution[i][c] = system[i][n + c] / system[i][i];
      }
    }
    return solution;
  }

  @Test
  void weights_threeClassesOfTwoBricks_areRidgeRegressionInPlainJava() {
    double[][] h = new double[12][];
    double[][] y = new double[12][3];
    Tensor inputs = normal(7, 5, 2 * WIDTH);
    double[][] seen;
    try (var projection = new RandomProjection(2, WIDTH, 10, CounterRandom.of(1, 31))) {
      for (int part = 0; part < 3; part++) {
        double[][] rows = rows(projection.apply(normal(part, 4, 2 * WIDTH)));
        for (int i = 0; i < 4; i++) {
          h[4 * part + i] = rows[i];
          y[4 * part + i][part] = 1;
        }
      }
      seen = rows(projection.apply(inputs));
    }
    double[][] v = ridge(h, y);
    double[][] expected = new double[5][];
    for (int row = 0; row < 5; row++) {
      double[] scores = new double[3];
      for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 10; i++) {
          scores[c] += seen[row][i] * v[i][c];
        }
      }
      expected[row] = softmaxOfBest(
          new double[] {scores[0] / 0.2, Double.NEGATIVE_INFINITY, Math.max(scores[1], scores[2]) / 0.2}, 2);
    }
    try (Analytic.Sums sums = sums(0, 1, 2); var router = new Analytic(BRICKS, sums.solve(), OPTIONS, WIDTH, 2)) {
      assertRows(expected, router.weights(inputs), 1e-4);
    }
  }

  @Test
  void sums_ofBricksInAnyOrderOrRestored_giveTheSameRouter() {
    Tensor inputs = normal(7, 5, 2 * WIDTH);
    try (Analytic.Sums sums = sums(0, 1, 2); var first = new Analytic(BRICKS, sums.solve(), OPTIONS, WIDTH, 1);
        Analytic.Sums other = sums(2, 0); var restored = new Analytic.Sums(OPTIONS, WIDTH, workers)) {
      restored.restore(other.columns(), other.tensors());
      restored.add("a", Collections.nCopies(4, "one"), normal(1, 4, 2 * WIDTH));
      try (var second = new Analytic(BRICKS, restored.solve(), OPTIONS, WIDTH, 1)) {
        assertArrayEquals(Tensors.toFloats(first.weights(inputs)), Tensors.toFloats(second.weights(inputs)), 1e-4f);
      }
      assertThrows(FailureException.class, () -> restored.restore(List.of(), other.tensors()));
    }
  }

  @Test
  void analytic_ofOtherBricksOrAnotherSize_isRefused() {
    try (Analytic.Sums sums = sums(0, 1)) {
      Analytic.Solved solved = sums.solve();
      var refused =
          assertThrows(UsageException.class, () -> new Analytic(List.of("other"), solved, OPTIONS, WIDTH, 1));
      assertTrue(String.valueOf(refused.getMessage()).contains("teach"), String.valueOf(refused.getMessage()));
      var larger = new Analytic.Options(11, 2, 0.1, 0.2);
      assertThrows(FailureException.class, () -> new Analytic(BRICKS, solved, larger, WIDTH, 1));
      assertEquals(2, solved.columns().size());
    }
    assertThrows(UsageException.class, () -> new Analytic.Options(4, 1, 0.1, 0.2));
  }
}
