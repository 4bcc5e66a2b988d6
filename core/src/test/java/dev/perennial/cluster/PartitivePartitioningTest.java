package dev.perennial.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.cluster.PartitivePartitioning.Clusters;
import dev.perennial.cluster.PartitivePartitioning.Options;
import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class PartitivePartitioningTest {

  private static final int[] SIZES = {90, 70, 50, 40, 30};

  /** Gaussians of deviation 1 around corners that are 12 apart, mixed up; the truth is a row's last number. */
  private static float[][] separated(int width, int... sizes) {
    int total = Arrays.stream(sizes).sum();
    float[][] rows = new float[total][width];
    int[] order = CounterRandom.of(3).permutation(total);
    int at = 0;
    for (int c = 0; c < sizes.length; c++) {
      for (int i = 0; i < sizes[c]; i++) {
        for (int d = 0; d < width; d++) {
          rows[order[at]][d] = (float) (CounterRandom.of(4, order[at]).gaussian(d) + (d == c ? 12 : 0));
        }
        at++;
      }
    }
    return rows;
  }

  private static int[] truth(int... sizes) {
    int total = Arrays.stream(sizes).sum();
    int[] labels = new int[total];
    int[] order = CounterRandom.of(3).permutation(total);
    int at = 0;
    for (int c = 0; c < sizes.length; c++) {
      for (int i = 0; i < sizes[c]; i++) {
        labels[order[at++]] = c;
      }
    }
    return labels;
  }

  @Test
  void separatedGaussians_areFound_withTheSameNumbersFromAnySeed() {
    float[][] rows = separated(10, SIZES);
    for (long seed = 0; seed < 5; seed++) {
      Clusters clusters = PartitivePartitioning.of(rows, Options.DEFAULT, seed);
      assertEquals(5, clusters.size(), "seed " + seed);
      // Sizes differ and the largest comes first: so the labels are the truth itself.
      assertArrayEquals(truth(SIZES), clusters.labels(), "seed " + seed);
      assertTrue(clusters.separability() > 0.999, "separability " + clusters.separability());
      for (int c = 0; c < 5; c++) {
        assertEquals(12, clusters.centres()[c][c], 0.6);
      }
    }
  }

  @Test
  void severalParts_findTheSameClusters() {
    Clusters parts = PartitivePartitioning.of(separated(10, SIZES), new Options(20, 8, 70, 32, 0.9), 1);
    assertArrayEquals(truth(SIZES), parts.labels());
  }

  @Test
  void wideRows_inTheirPrincipalDirections_areFound() {
    Clusters clusters = PartitivePartitioning.of(separated(60, SIZES), new Options(20, 8, 1000, 8, 0.9), 1);
    assertArrayEquals(truth(SIZES), clusters.labels());
    assertEquals(60, clusters.centres()[0].length);
  }

  @Test
  void singleGaussian_isOneCluster() {
    assertEquals(1, PartitivePartitioning.of(separated(6, 200), Options.DEFAULT, 1).size());
  }

  @Test
  void overlappingClusters_areToldApartLessSurely() {
    float[][] rows = separated(10, SIZES);
    for (float[] row : rows) {
      for (int d = 0; d < row.length; d++) {
        row[d] = row[d] > 6 ? row[d] - 8.5f : row[d];
      }
    }
    double overlapping = PartitivePartitioning.of(rows, Options.DEFAULT, 1).separability();
    assertTrue(overlapping < 0.99, "separability " + overlapping);
  }

  @Test
  void fewOrEqualRows_areOneCluster() {
    assertEquals(1, PartitivePartitioning.of(new float[][] {{1, 2}}, Options.DEFAULT, 1).size());
    float[][] equal = new float[20][3];
    assertEquals(1, PartitivePartitioning.of(equal, Options.DEFAULT, 1).size());
  }

  @Test
  void bic_oneComponent_isTheClosedForm() {
    float[][] floats = separated(4, 50);
    double[][] rows = Arrays.stream(floats)
        .map(row -> IntStream.range(0, row.length).mapToDouble(i -> row[i]).toArray()).toArray(double[][]::new);
    KMeans single = KMeans.best(rows, 1, 1, 1);
    double variance = single.loss() / (50 * 4);
    double likelihood = -50 * 4 / 2.0 * (Math.log(2 * Math.PI * variance) + 1);
    assertEquals(-2 * likelihood + (4 + 1) * Math.log(50), new SphericalMixture(rows, single).bic(), 1e-6);
  }

  @Test
  void adjustedRand_isThatOfHubertAndArabie() {
    assertEquals(1, AdjustedRand.of(new int[] {0, 0, 1, 1}, new int[] {5, 5, 2, 2}), 1e-12);
    // Counts: n = {{2, 0}, {1, 1}}: pairs together 1, in the one 1 + 1, in the other 3, expected 2 * 3 / 6 = 1.
    assertEquals(0, AdjustedRand.of(new int[] {0, 0, 1, 1}, new int[] {0, 0, 0, 1}), 1e-12);
    // Counts {{1, 1}, {1, 1}}: together 0, expected 2 * 2 / 6, most 2.
    assertEquals((0 - 2 / 3.0) / (2 - 2 / 3.0), AdjustedRand.of(new int[] {0, 0, 1, 1}, new int[] {0, 1, 0, 1}), 1e-12);
  }

  @Test
  void badRows_areRefusedInOneLine() {
    assertEquals("expected at least one row to cluster, got none", assertThrows(UsageException.class,
        () -> PartitivePartitioning.of(new float[0][], Options.DEFAULT, 1)).getMessage());
    assertEquals("expected rows of one width, got 2 numbers in row 0 and 1 in row 1", assertThrows(UsageException.class,
        () -> PartitivePartitioning.of(new float[][] {{1, 2}, {1}}, Options.DEFAULT, 1)).getMessage());
    assertEquals("expected finite rows to cluster, got NaN in row 0", assertThrows(UsageException.class,
        () -> PartitivePartitioning.of(new float[][] {{Float.NaN}}, Options.DEFAULT, 1)).getMessage());
    assertThrows(UsageException.class, () -> new Options(0, 8, 1000, 32, 0.9));
  }
}
