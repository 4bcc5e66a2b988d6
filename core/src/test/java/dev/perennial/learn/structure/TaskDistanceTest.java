package dev.perennial.learn.structure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class TaskDistanceTest {

  private static final int WIDTH = 5;
  private static final int[] ROWS = {9, 4, 12};

  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void between_anyFeatures_isTheFormula() {
    double[][] means = new double[ROWS.length][WIDTH];
    double[] variance = new double[WIDTH];
    for (int c = 0; c < ROWS.length; c++) {
      for (int i = 0; i < WIDTH; i++) {
        for (int row = 0; row < ROWS[c]; row++) {
          means[c][i] += (double) feature(c, row, i) / ROWS[c];
        }
        for (int row = 0; row < ROWS[c]; row++) {
          variance[i] += Math.pow(feature(c, row, i) - means[c][i], 2) / (9 + 4 + 12);
        }
      }
    }
    double mean = 0;
    for (double v : variance) {
      mean += v / WIDTH;
    }
    float[] inputs = new float[6 * WIDTH];
    double[] expected = new double[6];
    for (int input = 0; input < 6; input++) {
      expected[input] = Double.MAX_VALUE;
      for (int i = 0; i < WIDTH; i++) {
        inputs[input * WIDTH + i] = (float) (3 * CounterRandom.of(2, input).gaussian(i));
      }
      for (double[] centre : means) {
        double distance = 0;
        for (int i = 0; i < WIDTH; i++) {
          distance += Math.pow(inputs[input * WIDTH + i] - centre[i], 2) / (variance[i] + 0.001 * mean) / WIDTH;
        }
        expected[input] = Math.min(expected[input], distance);
      }
    }
    Tensor found = TaskDistance.between(Tensors.floats(inputs, 6, WIDTH), TaskDistance.of(classes()));
    assertEquals(List.of(6L, 1L), List.of(found.size(0), found.size(1)));
    double[] given = Tensors.toDoubles(found);
    for (int input = 0; input < 6; input++) {
      assertEquals(expected[input], given[input], 1e-5 * (1 + expected[input]));
    }
  }

  @Test
  void between_rowsOfTheTask_areAtMostOneAwayInTheMean() {
    Tensor all = Tensors.concat(0, classes().toArray(new Tensor[0]));
    double mean = TaskDistance.between(all, TaskDistance.of(classes())).mean().item_double();
    assertTrue(mean > 0.5 && mean <= 1, "mean distance " + mean);
  }

  @Test
  void between_taskWhoseFeaturesNeverMove_isFinite() {
    Map<String, Tensor> kept = TaskDistance.of(List.of(Tensors.floats(new float[] {1, 2, 1, 2}, 2, 2)));
    float[] found = Tensors.toFloats(TaskDistance.between(Tensors.floats(new float[] {1, 2, 1, 3}, 2, 2), kept));
    assertEquals(0, found[0]);
    assertTrue(found[1] > 1e6 && Float.isFinite(found[1]), "distance " + found[1]);
  }

  @Test
  void scores_twoNetworks_leadWithTheBestClassOfTheLeastDoubtful() {
    var tasks = new Tasks();
    tasks.restore(Map.of("tasks", StatePart.of("tasks", Combine.LATEST, Map.of(
        "0", TensorData.of(new long[] {0, 2}, 2), "live", TensorData.of(new long[] {3, 1}, 2)))));
    Tensor first = Tensors.floats(new float[] {5, 1, 0, 9}, 2, 2);
    Tensor second = Tensors.floats(new float[] {-2, -1, 4, 4.5f}, 2, 2);
    List<Tensor> doubts = List.of(
        Tensors.floats(new float[] {3, 0.25f}, 2, 1), Tensors.floats(new float[] {1, 2}, 2, 1));
    Tensor scores = tasks.scores(List.of(first, second), doubts, 4);
    assertArrayEquals(new float[] {-3, -1, -7, -2, -9.25f, -2, -0.25f, -2.5f}, Tensors.toFloats(scores));
  }

  @Test
  void entropy_knownLogits_isTheFormula() {
    double p = 1 / (1 + Math.exp(-2));
    assertArrayEquals(
        new float[] {(float) Math.log(2), (float) (-p * Math.log(p) - (1 - p) * Math.log(1 - p))},
        Tensors.toFloats(Tasks.entropy(Tensors.floats(new float[] {7, 7, 3, 1}, 2, 2))), 1e-6f);
  }

  /** Features of each class's rows, each feature with a spread of its own. */
  private static List<Tensor> classes() {
    return List.of(rows(0), rows(1), rows(2));
  }

  private static Tensor rows(int c) {
    float[] values = new float[ROWS[c] * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = feature(c, i / WIDTH, i % WIDTH);
    }
    return Tensors.floats(values, ROWS[c], WIDTH);
  }

  private static float feature(int c, int row, int i) {
    return (float) (c + (i + 1) * CounterRandom.of(1, c, row).gaussian(i));
  }
}
