package dev.perennial.cluster;

import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;

/*
 * k-means++: The Advantages of Careful Seeding (Arthur and Vassilvitskii 2007): the first centre is a random row, every
 * other one a row drawn by the square of its distance from the nearest centre so far. Then Lloyd's steps: every row to its
 * nearest centre, every centre to the mean of its rows, until no row moves. The best of some restarts is kept.
 */
/** k centres whose squared distances from the rows that are nearest to them are small in sum. */
record KMeans(double[][] centres, int[] labels, double loss) {

  private static final int STEPS = 100;

  /** The best of so many restarts; each start is a function of the random numbers given for it. O(n k d) a step. */
  static KMeans best(double[][] rows, int clusters, int restarts, long seed, long... use) {
    KMeans best = null;
    for (int restart = 0; restart < restarts || best == null; restart++) {
      long[] purpose = Arrays.copyOf(use, use.length + 2);
      purpose[use.length] = clusters;
      purpose[use.length + 1] = restart;
      KMeans found = settled(rows, seeded(rows, clusters, CounterRandom.of(seed, purpose)));
      if (best == null || found.loss < best.loss * (1 - 1e-12)) {
        best = found;
      }
    }
    return best;
  }

  private static double[][] seeded(double[][] rows, int clusters, CounterRandom random) {
    double[][] centres = new double[clusters][];
    double[] nearest = new double[rows.length];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    centres[0] = rows[random.below(0, rows.length)].clone();
    for (int c = 1; c < clusters; c++) {
      double total = 0;
      for (int row = 0; row < rows.length; row++) {
        nearest[row] = Math.min(nearest[row], square(rows[row], centres[c - 1]));
        total += nearest[row];
      }
      double left = random.uniform(c) * total;
      int drawn = 0;
      while (drawn < rows.length - 1 && (left >= nearest[drawn] || nearest[drawn] == 0)) {
        left -= nearest[drawn++];
      }
      centres[c] = rows[drawn].clone();
    }
    return centres;
  }

  /** Lloyd's steps from given centres, which are changed. A centre without rows stays where it is. */
  static KMeans settled(double[][] rows, double[][] centres) {
    int[] labels = new int[rows.length];
    Arrays.fill(labels, -1);
    for (int step = 0; step < STEPS; step++) {
      boolean moved = false;
      for (int row = 0; row < rows.length; row++) {
        int near = nearest(rows[row], centres);
        moved |= near != labels[row];
        labels[row] = near;
      }
      if (!moved) {
        break;
      }
      double[][] sums = new double[centres.length][rows[0].length];
      int[] counts = new int[centres.length];
      for (int row = 0; row < rows.length; row++) {
        counts[labels[row]]++;
        add(sums[labels[row]], rows[row], 1);
      }
      for (int c = 0; c < centres.length; c++) {
        if (counts[c] > 0) {
          for (int i = 0; i < sums[c].length; i++) {
            centres[c][i] = sums[c][i] / counts[c];
          }
        }
      }
    }
    double loss = 0;
    for (int row = 0; row < rows.length; row++) {
      loss += square(rows[row], centres[labels[row]]);
    }
    return new KMeans(centres, labels, loss);
  }

  /** The centre nearest to a row; ties by place. */
  static int nearest(double[] row, double[][] centres) {
    int near = 0;
    double least = Double.POSITIVE_INFINITY;
    for (int c = 0; c < centres.length; c++) {
      double distance = square(row, centres[c]);
      if (distance < least) {
        least = distance;
        near = c;
      }
    }
    return near;
  }

  static double square(double[] one, double[] other) {
    double squares = 0;
    for (int i = 0; i < one.length; i++) {
      double difference = one[i] - other[i];
      squares += difference * difference;
    }
    return squares;
  }

  static void add(double[] target, double[] addend, double scale) {
    for (int i = 0; i < target.length; i++) {
      target[i] += scale * addend[i];
    }
  }
}
