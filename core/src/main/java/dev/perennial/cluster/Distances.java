package dev.perennial.cluster;

import dev.perennial.UsageException;

/**
 * How far every row is from every other: a symmetric matrix with 0 on its diagonal, kept as float32.
 *
 * <p>It takes 4 n² bytes on the heap: 16 MB for 2,000 rows.
 */
public final class Distances {

  /** A matrix of more rows takes over 1.6 GB. */
  private static final int MOST_ROWS = 20_000;

  private final float[][] rows;

  private Distances(float[][] rows) {
    this.rows = rows;
  }

  /** A dissimilarity of two rows: symmetric, 0 or more, finite; it need not be a metric. */
  @FunctionalInterface
  public interface Dissimilarity {

    /** How far the row {@code i} is from the row {@code j}. */
    double between(int i, int j);
  }

  /**
   * The distances that a function gives; it is asked once for each pair i &lt; j. O(n²).
   *
   * @param size rows, 1 to 20,000
   * @throws UsageException if the size is out of range, or a distance is negative or not finite
   */
  public static Distances of(int size, Dissimilarity dissimilarity) {
    if (size < 1 || size > MOST_ROWS) {
      throw new UsageException("expected between 1 and " + MOST_ROWS + " rows to cluster, got " + size
          + ": cluster a sample of them");
    }
    float[][] rows = new float[size][size];
    for (int i = 0; i < size; i++) {
      for (int j = i + 1; j < size; j++) {
        float distance = (float) dissimilarity.between(i, j);
        if (!(distance >= 0) || distance == Float.POSITIVE_INFINITY) {
          throw new UsageException("expected distances of 0 or more that are finite, got " + distance + " between the"
              + " rows " + i + " and " + j);
        }
        rows[i][j] = distance;
        rows[j][i] = distance;
      }
    }
    return new Distances(rows);
  }

  /**
   * Euclidean distances. O(n² width).
   *
   * @param features {@code [rows][width]}
   * @throws UsageException if rows differ in width, or are not finite
   */
  public static Distances euclidean(float[][] features) {
    for (int row = 1; row < features.length; row++) {
      if (features[row].length != features[0].length) {
        throw new UsageException("expected rows of one width, got " + features[0].length + " numbers in row 0 and "
            + features[row].length + " in row " + row);
      }
    }
    return of(features.length, (i, j) -> {
      double squares = 0;
      for (int c = 0; c < features[i].length; c++) {
        double difference = (double) features[i][c] - features[j][c];
        squares += difference * difference;
      }
      return Math.sqrt(squares);
    });
  }

  /** How many rows there are. */
  public int size() {
    return rows.length;
  }

  /** How far the row {@code i} is from the row {@code j}. */
  public double between(int i, int j) {
    return rows[i][j];
  }

  /** The distances of all rows from the row {@code i}: the matrix's own array. */
  float[] from(int i) {
    return rows[i];
  }
}
