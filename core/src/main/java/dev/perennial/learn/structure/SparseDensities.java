package dev.perennial.learn.structure;

import java.util.List;

/*
 * Erdős–Rényi-Kernel (Rigging the Lottery, arXiv 1911.11134), of a layer with dimensions n_1 .. n_k (rows, columns, and
 * the kernel's height and width):
 *   d_l = eps * (n_1 + .. + n_k) / (n_1 * .. * n_k)      eps such that  sum_l d_l N_l = density * sum_l N_l
 * where a layer whose d_l would exceed 1 is dense, and eps is solved again for the others.
 */
/** What share of each layer's weights is active. */
final class SparseDensities {

  private SparseDensities() {}

  /** The same density for every layer. */
  static double[] uniform(List<long[]> shapes, double density) {
    return shapes.stream().mapToDouble(shape -> density).toArray();
  }

  /** Smaller layers are denser. O(layers²). */
  static double[] erk(List<long[]> shapes, double density) {
    int layers = shapes.size();
    double[] raw = new double[layers];
    double[] sizes = new double[layers];
    for (int l = 0; l < layers; l++) {
      double sum = 0;
      double product = 1;
      for (long n : shapes.get(l)) {
        sum += n;
        product *= n;
      }
      raw[l] = sum / product;
      sizes[l] = product;
    }
    boolean[] dense = new boolean[layers];
    while (true) {
      double wanted = 0;
      double divisor = 0;
      for (int l = 0; l < layers; l++) {
        wanted += dense[l] ? -sizes[l] * (1 - density) : sizes[l] * density;
        divisor += dense[l] ? 0 : raw[l] * sizes[l];
      }
      double eps = divisor == 0 ? 0 : wanted / divisor;
      int fullest = -1;
      for (int l = 0; l < layers; l++) {
        if (!dense[l] && eps * raw[l] > 1 && (fullest < 0 || raw[l] > raw[fullest])) {
          fullest = l;
        }
      }
      if (fullest < 0) {
        double[] densities = new double[layers];
        for (int l = 0; l < layers; l++) {
          densities[l] = dense[l] ? 1 : eps * raw[l];
        }
        return densities;
      }
      dense[fullest] = true;
    }
  }
}
