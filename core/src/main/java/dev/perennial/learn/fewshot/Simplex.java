package dev.perennial.learn.fewshot;

import java.util.Arrays;

/*
 * A simplex equiangular tight frame (arXiv 2008.08186), K unit vectors with m_i·m_j = -1/(K-1) for i != j, the most
 * that K vectors can all be apart. K = width + 1 of them fit. Coordinate by coordinate: with vectors 0 .. d-1 finished,
 *   m_d[d] = sqrt(1 - |m_d[0..d-1]|²)        m_i[d] = (-1/(K-1) - m_d[0..d-1]·m_i[0..d-1]) / m_d[d]   for i > d
 */
/** Directions that are reserved for classes before any is known: all as far from each other as they can be. */
final class Simplex {

  private Simplex() {}

  /** The first {@code count} vertices of the simplex of {@code width + 1}, row by row. O(count width²). */
  static float[] vertices(int count, int width) {
    if (count < 0 || count > width + 1) {
      throw new IllegalArgumentException("a simplex in " + width + " dimensions has no " + count + " vertices");
    }
    double between = -1.0 / width;
    double[][] vertices = new double[count][width];
    // Of the finished coordinates, all later vertices share theirs: one row stands for them.
    double[] shared = new double[width];
    for (int d = 0; d < width; d++) {
      double length = 0;
      for (int k = 0; k < d; k++) {
        length += shared[k] * shared[k];
      }
      double own = Math.sqrt(1 - length);
      double others = (between - length) / own;
      if (d < count) {
        System.arraycopy(shared, 0, vertices[d], 0, d);
        vertices[d][d] = own;
      }
      shared[d] = others;
    }
    if (count == width + 1) {
      vertices[width] = Arrays.copyOf(shared, width);
    }
    float[] flat = new float[count * width];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) vertices[i / width][i % width];
    }
    return flat;
  }
}
