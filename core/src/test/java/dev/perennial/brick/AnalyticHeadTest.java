package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class AnalyticHeadTest {

  private static final double RIDGE = 0.01;

  private Workers workers;
  private TensorScope scope;

  @BeforeEach
  void open() {
    workers = new Workers(2);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    workers.close();
  }

  @Test
  void solution_fewFeatures_isThatOfGaussianElimination() {
    for (int features : new int[] {1, 5, 8, 13}) {
      var rows = RidgeRows.of(features, 60, 4);
      try (var head = new AnalyticHead(features, RIDGE, workers)) {
        head.grow(4);
        head.add(Tensors.floats(rows.inputs(), 60, features), rows.labels());
        double[] solved = Tensors.toDoubles(head.solution());
        assertTrue(RidgeRows.relativeDifference(rows.solved(RIDGE), solved) <= 1e-9, features + " features");
      }
    }
  }

  @Test
  void solution_manyFeatures_isThatOfTheWholeMatrix() {
    int features = 203;
    var rows = RidgeRows.of(features, 500, 7);
    Tensor x = Tensors.floats(rows.inputs(), 500, features).to(torch.ScalarType.Double);
    Tensor y = Tensors.doubles(rows.oneHot(), 500, 7);
    Tensor gram = torch.mm(x.t(), x);
    double shift = RIDGE * gram.diagonal().mean().item_double();
    Tensor expected = torch.linalg_solve(
        gram.add(torch.eye(features).to(torch.ScalarType.Double).mul(new Scalar(shift))), torch.mm(x.t(), y));
    try (var head = new AnalyticHead(features, RIDGE, workers)) {
      head.grow(7);
      head.add(Tensors.floats(rows.inputs(), 500, features), rows.labels());
      double[] solved = Tensors.toDoubles(head.solution());
      assertTrue(RidgeRows.relativeDifference(Tensors.toDoubles(expected), solved) <= 1e-9);
    }
  }

  @Test
  void remove_rowsThatWereAdded_leavesTheSolutionOfTheOthers() {
    int features = 21;
    var kept = RidgeRows.of(features, 60, 4);
    var added = RidgeRows.of(features, 90, 4);
    Tensor others = Tensors.floats(added.inputs(), 90, features).narrow(0, 60, 30).mul(new Scalar(3));
    long[] labels = Arrays.copyOfRange(added.labels(), 60, 90);
    try (var head = new AnalyticHead(features, RIDGE, workers)) {
      head.grow(4);
      head.add(others, labels);
      head.add(Tensors.floats(kept.inputs(), 60, features), kept.labels());
      head.remove(others, labels);
      assertEquals(60, head.rows());
      assertTrue(RidgeRows.relativeDifference(kept.solved(RIDGE), Tensors.toDoubles(head.solution())) <= 1e-9);
    }
  }

  @Test
  void cholesky_anythingAboveTheDiagonal_isIgnored() {
    Tensor lower = Tensors.doubles(new double[] {4, Double.NaN, 2, 5}, 2, 2);
    assertArrayEquals(new double[] {2, 0, 1, 2}, Tensors.toDoubles(torch.linalg_cholesky(lower)), 1e-15);
  }

  @Test
  void scores_classesGrownSinceTheLastSolution_areZero() {
    var rows = RidgeRows.of(6, 30, 2);
    try (var head = new AnalyticHead(6, RIDGE, workers)) {
      Tensor inputs = Tensors.floats(rows.inputs(), 30, 6);
      assertArrayEquals(new long[] {30, 0}, head.scores(inputs).shape());
      head.grow(2);
      head.add(inputs, rows.labels());
      head.solve();
      float[] before = Tensors.toFloats(head.scores(inputs));
      head.grow(3);
      float[] after = Tensors.toFloats(head.scores(inputs));
      for (int row = 0; row < 30; row++) {
        assertEquals(before[2 * row], after[3 * row], 1e-6);
        assertEquals(before[2 * row + 1], after[3 * row + 1], 1e-6);
        assertEquals(0, after[3 * row + 2]);
      }
      assertEquals(18, head.parameters());
    }
  }

  @Test
  void statistics_ofTwoHeads_addUpToThoseOfAllRows() {
    var rows = RidgeRows.of(13, 60, 3);
    try (var first = new AnalyticHead(13, RIDGE, workers);
        var second = new AnalyticHead(13, RIDGE, workers);
        var both = new AnalyticHead(13, RIDGE, workers)) {
      add(first, rows, 0, 25);
      add(second, rows, 25, 60);
      var sum = new TreeMap<String, TensorData>();
      Map<String, TensorData> others = second.statistics();
      first.statistics().forEach((name, tensor) ->
          sum.put(name, Tensors.view(Tensors.copyOf(tensor).add(Tensors.copyOf(other(others, name))))));
      both.restore(
          StatePart.of("statistics", Combine.SUM, sum), StatePart.of("head", Combine.LATEST, first.weights()));
      assertEquals(60, both.rows());
      double[] solved = Tensors.toDoubles(both.solution());
      assertTrue(RidgeRows.relativeDifference(rows.solved(RIDGE), solved) <= 1e-9);
    }
  }

  private static TensorData other(Map<String, TensorData> tensors, String name) {
    TensorData tensor = tensors.get(name);
    if (tensor == null) {
      throw new AssertionError("no tensor " + name);
    }
    return tensor;
  }

  private static void add(AnalyticHead head, RidgeRows rows, int from, int to) {
    head.grow(3);
    head.add(rows.inputs(from, to), rows.labels(from, to));
  }

  @Test
  void solve_inputsThatAreNotFinite_isRefusedInOneLine() {
    for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      try (var head = new AnalyticHead(2, RIDGE, workers)) {
        head.grow(1);
        head.add(Tensors.floats(new float[] {1, value}, 1, 2), new long[] {0});
        var failure = assertThrows(FailureException.class, head::solve);
        assertEquals("expected finite features for the analytic head, and some of the 1 rows that it took in have others:"
            + " lower the learning rate of what they come from", failure.getMessage());
      }
    }
  }

  @Test
  void solve_ridgeTooSmallForRounding_isRefusedInOneLine() {
    try (var head = new AnalyticHead(2, 1e-300, workers)) {
      head.grow(1);
      head.add(Tensors.floats(new float[] {1, 1}, 1, 2), new long[] {0});
      var failure = assertThrows(FailureException.class, head::solve);
      assertTrue(String.valueOf(failure.getMessage()).endsWith(
          "is not positive definite: raise the option ridge above 1.0E-300"));
    }
  }

  @Test
  void restore_statisticsOfOtherFeatures_isRefused() {
    try (var head = new AnalyticHead(9, RIDGE, workers); var other = new AnalyticHead(8, RIDGE, workers)) {
      head.grow(1);
      var statistics = StatePart.of("statistics", Combine.SUM, head.statistics());
      var weights = StatePart.of("head", Combine.LATEST, head.weights());
      assertThrows(FailureException.class, () -> other.restore(statistics, weights));
    }
  }
}
