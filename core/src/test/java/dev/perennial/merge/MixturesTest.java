package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MixturesTest {

  private static final int WIDTH = 8;

  private Backbone backbone;
  private TensorScope scope;
  private Site site;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    scope = TensorScope.inference();
    site = backbone.sites().getFirst();
  }

  @AfterEach
  void close() {
    scope.close();
    backbone.close();
  }

  private static double[] normal(int use, int size) {
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = CounterRandom.of(8, use).gaussian(i);
    }
    return values;
  }

  /** The inputs of every partition, one a row: those of Hadamard's matrix, of length 1 and at right angles. */
  private static double input(int row, int place) {
    return (Integer.bitCount(row & place) % 2 == 0 ? 1 : -1) / Math.sqrt(WIDTH);
  }

  /**
   * Least squares by its normal equations, on a mixture of partitions: as the inputs are at right angles, the inverse of
   * {@code sum_i p_i X_i' X_i} is I.
   */
  private static double[] trained(double[][] targets, List<Double> shares) {
    double[] theta = new double[WIDTH * WIDTH];
    for (int i = 0; i < targets.length; i++) {
      for (int row = 0; row < WIDTH; row++) {
        for (int out = 0; out < WIDTH; out++) {
          for (int in = 0; in < WIDTH; in++) {
            theta[out * WIDTH + in] += shares.get(i) * targets[i][row * WIDTH + out] * input(row, in);
          }
        }
      }
    }
    return theta;
  }

  /** Mean squared error of a linear model on rows that no partition has. */
  private static double loss(double[] theta, double[] inputs, double[] wanted) {
    double loss = 0;
    int rows = inputs.length / WIDTH;
    for (int row = 0; row < rows; row++) {
      for (int out = 0; out < WIDTH; out++) {
        double off = -wanted[row * WIDTH + out];
        for (int in = 0; in < WIDTH; in++) {
          off += theta[out * WIDTH + in] * inputs[row * WIDTH + in];
        }
        loss += off * off / rows;
      }
    }
    return loss;
  }

  @Test
  void rank_linearModel_isTheRankingOfModelsTrainedOnTheMixtures() {
    double[][] targets = {normal(1, 64), normal(2, 64), normal(3, 64)};
    var bricks = new LinkedHashMap<String, SavedBrick>();
    List<List<Double>> alone = List.of(List.of(1.0, 0.0, 0.0), List.of(0.0, 1.0, 0.0), List.of(0.0, 0.0, 1.0));
    for (int i = 0; i < 3; i++) {
      bricks.put("p" + i, MergeFixture.delta(backbone, "layer\\.0\\.attention\\.self\\.query",
          Map.of(site, trained(targets, alone.get(i))), null));
    }
    double[] inputs = normal(4, 20 * WIDTH);
    double[] wanted = new double[20 * WIDTH];
    // Rows that follow 0.5, 0.3 and 0.2 of the partitions' maps, with noise.
    double[] theta = trained(targets, List.of(0.5, 0.3, 0.2));
    double[] noise = normal(5, wanted.length);
    for (int i = 0; i < wanted.length; i++) {
      wanted[i] = 0.1 * noise[i];
      for (int in = 0; in < WIDTH; in++) {
        wanted[i] += theta[i % WIDTH * WIDTH + in] * inputs[i / WIDTH * WIDTH + in];
      }
    }
    List<List<Double>> grid = Mixtures.grid(3, 10);
    List<List<Double>> expected = new ArrayList<>(grid);
    expected.sort(Comparator.comparingDouble(shares -> loss(trained(targets, shares), inputs, wanted)));
    List<Mixtures.Scored> found = Mixtures.rank(bricks, grid, backbone,
        brick -> loss(MergeFixture.change(backbone, brick, site), inputs, wanted), SearchListener.NONE);
    assertEquals(expected, found.stream().map(Mixtures.Scored::shares).toList());
    for (Mixtures.Scored mixture : found) {
      assertEquals(loss(trained(targets, mixture.shares()), inputs, wanted), mixture.loss(), 1e-4);
    }
    assertEquals(List.of(0.5, 0.3, 0.2), found.getFirst().shares());
  }

  @Test
  void average_heads_areAveragedClassByClass() {
    var bricks = new LinkedHashMap<String, SavedBrick>();
    Map<Site, double[]> none = Map.of(site, new double[64]);
    String sites = "layer\\.0\\.attention\\.self\\.query";
    bricks.put("one", MergeFixture.delta(backbone, sites, none, new SavedBrick.Head("linear-head", List.of("x", "y"),
        TensorData.of(new float[] {1, 2, 3, 4}, 2, 2), TensorData.of(new float[] {10, 20}, 2))));
    bricks.put("two", MergeFixture.delta(backbone, sites, none, new SavedBrick.Head("linear-head", List.of("y", "z"),
        TensorData.of(new float[] {5, 6, 7, 8}, 2, 2), TensorData.of(new float[] {30, 40}, 2))));
    SavedBrick.Head head = Mixtures.average(bricks, List.of(0.25, 0.75), backbone).head().orElseThrow();
    assertEquals(List.of("x", "y", "z"), head.classes());
    assertArrayEquals(new float[] {0.25f, 0.5f, 4.5f, 5.5f, 5.25f, 6}, head.weight().floats());
    assertArrayEquals(new float[] {2.5f, 27.5f, 30}, Objects.requireNonNull(head.bias()).floats());
    SavedBrick.Head first = Mixtures.average(bricks, List.of(1.0, 0.0), backbone).head().orElseThrow();
    assertEquals(List.of("x", "y", "z"), first.classes());
    assertArrayEquals(new float[] {1, 2, 3, 4, 0, 0}, first.weight().floats());
    bricks.put("cosine", MergeFixture.delta(backbone, sites, none, new SavedBrick.Head(
        "cosine-head", List.of("x"), TensorData.of(new float[2], 1, 2), null)));
    refused("cosine-head", () -> Mixtures.average(bricks, List.of(0.5, 0.25, 0.25), backbone));
    refused("a share", () -> Mixtures.average(bricks, List.of(0.5, 0.5), backbone));
    refused("a share", () -> Mixtures.average(bricks, List.of(1.5, -0.5, 0.0), backbone));
    refused("a share", () -> Mixtures.average(bricks, List.of(0.5, 0.4, 0.0), backbone));
  }

  @Test
  void grid_steps_hasEveryMixtureOnce() {
    List<List<Double>> grid = Mixtures.grid(3, 4);
    assertEquals(15, grid.size());
    assertEquals(15, new HashSet<>(grid).size());
    grid.forEach(shares -> assertEquals(1, shares.stream().mapToDouble(share -> share).sum(), 1e-12));
    assertEquals(List.of(1.0, 0.0, 0.0), grid.getFirst());
    assertEquals(List.of(List.of(1.0)), Mixtures.grid(1, 5));
    refused("at most 100000 mixtures", () -> Mixtures.grid(10, 40));
    refused("at least 1", () -> Mixtures.grid(2, 0));
  }

  private static void refused(String words, Runnable request) {
    String message = String.valueOf(assertThrows(UsageException.class, request::run).getMessage());
    assertTrue(message.contains(words) && message.lines().count() == 1, message);
  }
}
