package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.data.Example;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class OnProTest {

  private static final double TEMPERATURE = 0.4;
  private static final long[] LABELS = {4, 7, 4, 9, 7};
  private static final double[][] UNIT = unit(1);
  private static final double[][] VIEW = unit(2);

  private static double[][] unit(int use) {
    double[][] rows = new double[LABELS.length][3];
    for (int i = 0; i < rows.length; i++) {
      for (int f = 0; f < 3; f++) {
        rows[i][f] = Math.cos(use + 1.3 * i + 2.1 * f * use);
      }
      rows[i] = normalised(rows[i]);
    }
    return rows;
  }

  private static double[] normalised(double[] row) {
    double length = Math.sqrt(product(row, row));
    return IntStream.range(0, row.length).mapToDouble(f -> row[f] / length).toArray();
  }

  private static double product(double[] a, double[] b) {
    return IntStream.range(0, a.length).mapToDouble(f -> a[f] * b[f]).sum();
  }

  private static float[] flat(double[][] rows) {
    float[] flat = new float[rows.length * 3];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / 3][i % 3];
    }
    return flat;
  }

  @Test
  void equilibrium_knownFeatures_isItsDefinition() {
    double[][] p = prototypes(UNIT);
    double[][] q = prototypes(VIEW);
    double expected = 0;
    for (int i = 0; i < 3; i++) {
      double sum = 0;
      for (int j = 0; j < 3; j++) {
        sum += Math.exp(product(p[i], q[j]) / TEMPERATURE);
        sum += i == j ? 0 : Math.exp(product(p[i], p[j]) / TEMPERATURE);
      }
      expected -= Math.log(Math.exp(product(p[i], q[i]) / TEMPERATURE) / sum) / 3;
    }
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(expected, PrototypeLoss.equilibrium(
          Tensors.floats(flat(UNIT), 5, 3), Tensors.floats(flat(VIEW), 5, 3), LABELS, TEMPERATURE).item_double(), 1e-5);
    }
  }

  private static double[][] prototypes(double[][] rows) {
    var sums = new TreeMap<Long, double[]>();
    for (int i = 0; i < rows.length; i++) {
      double[] sum = sums.computeIfAbsent(LABELS[i], label -> new double[3]);
      for (int f = 0; f < 3; f++) {
        sum[f] += rows[i][f];
      }
    }
    return sums.values().stream().map(OnProTest::normalised).toArray(double[][]::new);
  }

  @Test
  void contrast_knownFeatures_isItsDefinition() {
    double[][] all = new double[10][];
    long[] labels = new long[10];
    for (int i = 0; i < 10; i++) {
      all[i] = i < 5 ? UNIT[i] : VIEW[i - 5];
      labels[i] = LABELS[i % 5];
    }
    double expected = 0;
    for (int i = 0; i < 10; i++) {
      double sum = 0;
      int alike = 0;
      double logs = 0;
      for (int a = 0; a < 10; a++) {
        if (a != i) {
          sum += Math.exp(product(all[i], all[a]) / TEMPERATURE);
        }
      }
      for (int a = 0; a < 10; a++) {
        if (a != i && labels[a] == labels[i]) {
          alike++;
          logs += Math.log(Math.exp(product(all[i], all[a]) / TEMPERATURE) / sum);
        }
      }
      expected -= logs / alike / 10;
    }
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(expected, PrototypeLoss.contrast(
          Tensors.floats(flat(UNIT), 5, 3), Tensors.floats(flat(VIEW), 5, 3), LABELS, TEMPERATURE).item_double(), 1e-5);
    }
  }

  @Test
  void feedback_closePairs_areDrawnAsOftenAsTheirPrototypesSay() {
    var feedback = new PairFeedback(0.5, 1);
    var memory = new Memory(10, Memory.Policy.RESERVOIR);
    for (String label : List.of("a", "b", "c")) {
      memory.append(Sample.of(Example.of("one", label)));
      memory.append(Sample.of(Example.of("two", label)));
    }
    assertEquals(List.of(), feedback.rows(memory, 8, 0, 0));
    feedback.update(
        List.of(Example.of("x", "a"), Example.of("x", "b"), Example.of("x", "c"), Example.of("y", "c")),
        new float[][] {{1, 0}, {0.6f, 0.8f}, {0, 0.5f}, {0, 1.5f}});
    double[] weights = {Math.exp(0.6 / 0.5), 1, Math.exp(0.8 / 0.5)};
    double total = weights[0] + weights[1] + weights[2];
    double[] expected = {weights[0] / total, weights[1] / total, weights[2] / total};
    assertArrayEquals(expected, feedback.probabilities(List.of("a", "b", "c")), 1e-6);
    var times = new TreeMap<String, Integer>();
    int steps = 5000;
    for (int step = 0; step < steps; step++) {
      List<Example> rows = feedback.rows(memory, 5, 0, step);
      assertEquals(4, rows.size());
      for (int pair = 0; pair < 4; pair += 2) {
        times.merge(rows.get(pair).label() + rows.get(pair + 1).label(), 1, Integer::sum);
      }
    }
    List<String> pairs = List.of("ab", "ac", "bc");
    for (int pair = 0; pair < 3; pair++) {
      double deviation = Math.sqrt(expected[pair] * (1 - expected[pair]) / (2 * steps));
      assertEquals(expected[pair], times.getOrDefault(pairs.get(pair), 0) / (2.0 * steps), 5 * deviation);
    }
  }
}
