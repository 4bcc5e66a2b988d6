package dev.perennial.cluster;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class AverageLinkagePropertyTest {

  private static float[][] unit(int rows, long seed) {
    float[][] all = new float[rows][4];
    for (int row = 0; row < rows; row++) {
      double squares = 0;
      for (int i = 0; i < 4; i++) {
        all[row][i] = (float) CounterRandom.of(seed, row).gaussian(i);
        squares += all[row][i] * all[row][i];
      }
      for (int i = 0; i < 4; i++) {
        all[row][i] /= (float) Math.sqrt(squares);
      }
    }
    return all;
  }

  /** Every mean of pairs is computed anew before every merge. */
  private static int[] plain(float[][] rows, double least) {
    var clusters = new ArrayList<List<Integer>>();
    for (int row = 0; row < rows.length; row++) {
      clusters.add(List.of(row));
    }
    while (true) {
      double most = Double.NEGATIVE_INFINITY;
      int one = -1;
      int two = -1;
      for (int a = 0; a < clusters.size(); a++) {
        for (int b = 0; b < a; b++) {
          double sum = 0;
          for (int i : clusters.get(a)) {
            for (int j : clusters.get(b)) {
              for (int k = 0; k < 4; k++) {
                sum += rows[i][k] * rows[j][k];
              }
            }
          }
          double mean = sum / (clusters.get(a).size() * clusters.get(b).size());
          if (mean > most) {
            most = mean;
            one = a;
            two = b;
          }
        }
      }
      if (one < 0 || most < least) {
        break;
      }
      var joined = new ArrayList<>(clusters.get(one));
      joined.addAll(clusters.get(two));
      clusters.remove(one);
      clusters.remove(two);
      clusters.add(joined.stream().sorted().toList());
    }
    clusters.sort(Comparator.<List<Integer>>comparingInt(c -> -c.size()).thenComparingInt(List::getFirst));
    int[] labels = new int[rows.length];
    for (int c = 0; c < clusters.size(); c++) {
      for (int row : clusters.get(c)) {
        labels[row] = c;
      }
    }
    return labels;
  }

  @Property(tries = 60)
  void of_anyRows_isWhatThePlainAlgorithmFinds(
      @ForAll @IntRange(min = 1, max = 25) int rows, @ForAll @IntRange(min = -100, max = 100) int percent,
      @ForAll long seed) {
    float[][] all = unit(rows, seed);
    assertArrayEquals(plain(all, percent / 100.0), AverageLinkage.of(all, percent / 100.0));
  }

  @Example
  void of_rowsOfTwoWidthsOrTooMany_isRefused() {
    assertThrows(UsageException.class, () -> AverageLinkage.of(new float[][] {{1, 0}, {1}}, 0.5));
    assertThrows(UsageException.class, () -> AverageLinkage.of(new float[AverageLinkage.MOST_ROWS + 1][1], 0.5));
    assertArrayEquals(new int[0], AverageLinkage.of(new float[0][0], 0.5));
  }
}
