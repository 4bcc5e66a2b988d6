package dev.perennial.cluster;

import dev.perennial.UsageException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/*
 * Sokal and Michener, "A Statistical Method for Evaluating Systematic Relationships", 1958:
 *
 *   every row is a cluster; again and again the two most alike become one, as long as they are alike enough
 *   likeness of clusters A and B = mean over a in A, b in B of a . b
 *   of A u B to C = (|A| likeness(A, C) + |B| likeness(B, C)) / (|A| + |B|)
 *
 * Merging never makes a cluster more like a third than its more alike part was, so each cluster's most alike one is kept,
 * and sought anew only where that one is gone.
 */
/** Clusters of rows that are alike on average, as many as there are, with the rows that are like no others by themselves. */
public final class AverageLinkage {

  /** So many rows take 400 MB. */
  public static final int MOST_ROWS = 10_000;

  private AverageLinkage() {}

  /**
   * For each row the number of its cluster: the largest is number 0, and of equally large ones that with the earlier row
   * comes first. Usually O(rows² width) time, O(rows²) memory.
   *
   * @param rows {@code [rows][width]}, of length 1 each
   * @param least likeness of two clusters that become one, -1 to 1
   * @throws UsageException if there are more than {@link #MOST_ROWS} rows, or they differ in width
   */
  public static int[] of(float[][] rows, double least) {
    int n = rows.length;
    if (n > MOST_ROWS) {
      throw new UsageException("expected at most " + MOST_ROWS + " rows to cluster at once, got " + n
          + ": give fewer, some hundreds for each cluster that you expect are enough");
    }
    float[][] alike = likenesses(rows);
    int[] sizes = new int[n];
    int[] labels = new int[n];
    int[] nearest = new int[n];
    Arrays.fill(sizes, 1);
    for (int a = 0; a < n; a++) {
      labels[a] = a;
      nearest[a] = nearest(alike, sizes, a);
    }
    while (true) {
      int into = -1;
      for (int a = 0; a < n; a++) {
        if (sizes[a] > 0 && nearest[a] >= 0
            && (into < 0 || alike[a][nearest[a]] > alike[into][nearest[into]])) {
          into = a;
        }
      }
      if (into < 0 || alike[into][nearest[into]] < least) {
        return numbered(labels);
      }
      int gone = nearest[into];
      merge(alike, sizes, into, gone);
      for (int a = 0; a < n; a++) {
        labels[a] = labels[a] == gone ? into : labels[a];
      }
      for (int a = 0; a < n; a++) {
        if (sizes[a] > 0 && (a == into || nearest[a] == into || nearest[a] == gone)) {
          nearest[a] = nearest(alike, sizes, a);
        }
      }
    }
  }

  private static float[][] likenesses(float[][] rows) {
    float[][] alike = new float[rows.length][rows.length];
    for (int a = 0; a < rows.length; a++) {
      if (rows[a].length != rows[0].length) {
        throw new UsageException("expected rows of one width, got " + rows[0].length + " numbers in row 0 and "
            + rows[a].length + " in row " + a);
      }
      for (int b = 0; b < a; b++) {
        double dot = 0;
        for (int i = 0; i < rows[a].length; i++) {
          dot += (double) rows[a][i] * rows[b][i];
        }
        alike[a][b] = (float) dot;
        alike[b][a] = (float) dot;
      }
    }
    return alike;
  }

  /** The first of the clusters most like one; -1 where there is no other. */
  private static int nearest(float[][] alike, int[] sizes, int of) {
    int best = -1;
    for (int b = 0; b < sizes.length; b++) {
      if (b != of && sizes[b] > 0 && (best < 0 || alike[of][b] > alike[of][best])) {
        best = b;
      }
    }
    return best;
  }

  private static void merge(float[][] alike, int[] sizes, int into, int gone) {
    double all = sizes[into] + sizes[gone];
    for (int c = 0; c < sizes.length; c++) {
      if (sizes[c] > 0 && c != into && c != gone) {
        float mean = (float) ((sizes[into] * (double) alike[into][c] + sizes[gone] * (double) alike[gone][c]) / all);
        alike[into][c] = mean;
        alike[c][into] = mean;
      }
    }
    sizes[into] += sizes[gone];
    sizes[gone] = 0;
  }

  private static int[] numbered(int[] labels) {
    int[] sizes = new int[labels.length];
    int[] first = new int[labels.length];
    for (int row = labels.length - 1; row >= 0; row--) {
      sizes[labels[row]]++;
      first[labels[row]] = row;
    }
    int[] order = IntStream.range(0, labels.length).filter(c -> sizes[c] > 0).boxed()
        .sorted(Comparator.<Integer>comparingInt(c -> -sizes[c]).thenComparingInt(c -> first[c]))
        .mapToInt(Integer::intValue).toArray();
    int[] numbers = new int[labels.length];
    for (int place = 0; place < order.length; place++) {
      numbers[order[place]] = place;
    }
    return Arrays.stream(labels).map(label -> numbers[label]).toArray();
  }
}
