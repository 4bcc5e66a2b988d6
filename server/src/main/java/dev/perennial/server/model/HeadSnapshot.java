package dev.perennial.server.model;

import java.util.List;

/**
 * What a model knows at one moment: a head's weights, which nothing changes any more. Predictions are made from one
 * snapshot and see nothing of the next.
 */
public final class HeadSnapshot {

  private final long number;
  private final List<String> classes;
  private final float[] weights;
  private final long rows;
  private final long through;
  private final long checksum;

  /**
   * A snapshot.
   *
   * @param number 1, 2, 3 and so on while a model is loaded
   * @param classes in the order of the columns
   * @param weights {@code [features, classes]}, row by row; belongs to the snapshot from now on
   * @param rows that it has learned
   * @param through the last line of the journal that it has seen
   */
  HeadSnapshot(long number, List<String> classes, float[] weights, long rows, long through) {
    this.number = number;
    this.classes = List.copyOf(classes);
    this.weights = weights;
    this.rows = rows;
    this.through = through;
    this.checksum = sum();
  }

  /** 1, 2, 3 and so on while a model is loaded. */
  public long number() {
    return number;
  }

  /** The classes, in the order of the columns. */
  public List<String> classes() {
    return classes;
  }

  /** {@code [features, classes]}, row by row; not to be changed. */
  public float[] weights() {
    return weights;
  }

  /** Rows that were learned, in all. */
  public long rows() {
    return rows;
  }

  /** The last line of the journal that it has seen. */
  public long through() {
    return through;
  }

  /** Whether it still is what it was made as. O(weights). */
  public boolean isWhole() {
    return sum() == checksum;
  }

  /** Bytes on the heap, about. */
  public long bytes() {
    return (long) Float.BYTES * weights.length + 64L * classes.size() + 128;
  }

  private long sum() {
    long sum = 31 * (31 * number + through) + rows;
    sum = 31 * sum + classes.hashCode();
    for (float weight : weights) {
      sum = 31 * sum + Float.floatToRawIntBits(weight);
    }
    return sum;
  }
}
