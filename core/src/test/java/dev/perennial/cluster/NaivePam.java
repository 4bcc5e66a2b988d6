package dev.perennial.cluster;

/** PAM from its definition: tries every swap, and sums the loss of each from the start. */
final class NaivePam {

  private NaivePam() {}

  /** Makes the best swap again and again, until none helps; returns the medoids in their slots. */
  static int[] search(Distances distances, int[] start) {
    int[] medoids = start.clone();
    while (true) {
      int[] better = bestSwap(distances, medoids);
      if (loss(distances, better) >= loss(distances, medoids)) {
        return medoids;
      }
      medoids = better;
    }
  }

  /** The medoids after the swap with the least loss: the first in the order of candidates, then of slots. */
  private static int[] bestSwap(Distances distances, int[] medoids) {
    int[] best = medoids;
    for (int candidate = 0; candidate < distances.size(); candidate++) {
      for (int slot = 0; slot < medoids.length; slot++) {
        int[] swapped = medoids.clone();
        swapped[slot] = candidate;
        if (loss(distances, swapped) < loss(distances, best)) {
          best = swapped;
        }
      }
    }
    return best;
  }

  static double loss(Distances distances, int[] medoids) {
    double loss = 0;
    for (int row = 0; row < distances.size(); row++) {
      double least = Double.POSITIVE_INFINITY;
      for (int medoid : medoids) {
        least = Math.min(least, distances.between(row, medoid));
      }
      loss += least;
    }
    return loss;
  }
}
