package dev.perennial.cluster;

import java.util.HashMap;
import java.util.Map;

/*
 * Comparing Partitions (Hubert and Arabie 1985). With n_ij rows in cluster i of one partition and j of the other, a_i and
 * b_j the sizes, c(x) = x (x - 1) / 2:
 *
 *   ARI = (sum c(n_ij) - E) / ((sum c(a_i) + sum c(b_j)) / 2 - E)        E = sum c(a_i) sum c(b_j) / c(n)
 */
/** How far two partitions of the same rows agree: 1 where they are the same, about 0 where one says nothing of the other. */
public final class AdjustedRand {

  private AdjustedRand() {}

  /** The index of two labellings of equally many rows, by numbers of 0 or more. O(rows). */
  public static double of(int[] one, int[] other) {
    Map<Long, Integer> both = new HashMap<>();
    Map<Integer, Integer> first = new HashMap<>();
    Map<Integer, Integer> second = new HashMap<>();
    for (int row = 0; row < one.length; row++) {
      both.merge((long) one[row] << 32 | other[row], 1, Integer::sum);
      first.merge(one[row], 1, Integer::sum);
      second.merge(other[row], 1, Integer::sum);
    }
    double together = pairs(both);
    double ofFirst = pairs(first);
    double ofSecond = pairs(second);
    double expected = one.length < 2 ? 0 : ofFirst * ofSecond / (one.length * (one.length - 1.0) / 2);
    double most = (ofFirst + ofSecond) / 2;
    return most == expected ? 1 : (together - expected) / (most - expected);
  }

  private static double pairs(Map<?, Integer> counts) {
    return counts.values().stream().mapToDouble(count -> count * (count - 1.0) / 2).sum();
  }
}
