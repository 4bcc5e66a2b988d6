package dev.perennial.bench;

import dev.perennial.cluster.Distances;

/*
 * Partitioning Around Medoids, SWAP (Kaufman and Rousseeuw, Finding Groups in Data, 1990): for each pair of a medoid
 * and another row, walk over all rows, each with its nearest and second nearest medoid at hand, and sum up what the
 * swap would change; make the best swap, and begin again. O(k (n - k) n) a swap.
 */
/** PAM as it was first written down, without the sums over all medoids at once: what FasterPAM is measured against. */
final class PlainPam {

  private final Distances distances;
  private final int[] medoids;
  private final int[] nearest;
  private final double[] nearestDistance;
  private final double[] secondDistance;
  private int swaps;

  PlainPam(Distances distances, int[] start) {
    this.distances = distances;
    this.medoids = start.clone();
    this.nearest = new int[distances.size()];
    this.nearestDistance = new double[distances.size()];
    this.secondDistance = new double[distances.size()];
  }

  /** Swaps until nothing helps, and returns the medoids in their slots. */
  int[] search() {
    while (true) {
      double loss = assign();
      double best = -1e-12 * loss;
      int bestSlot = -1;
      int bestCandidate = -1;
      for (int candidate = 0; candidate < distances.size(); candidate++) {
        for (int slot = 0; slot < medoids.length; slot++) {
          double change = change(slot, candidate);
          if (change < best) {
            best = change;
            bestSlot = slot;
            bestCandidate = candidate;
          }
        }
      }
      if (bestSlot < 0) {
        return medoids.clone();
      }
      medoids[bestSlot] = bestCandidate;
      swaps++;
    }
  }

  int swaps() {
    return swaps;
  }

  /** What the loss changes by if {@code candidate} takes the place of the medoid in {@code slot}. */
  private double change(int slot, int candidate) {
    double change = 0;
    for (int row = 0; row < nearest.length; row++) {
      double distance = distances.between(candidate, row);
      if (nearest[row] == slot) {
        change += Math.min(distance, secondDistance[row]) - nearestDistance[row];
      } else if (distance < nearestDistance[row]) {
        change += distance - nearestDistance[row];
      }
    }
    return change;
  }

  private double assign() {
    double loss = 0;
    for (int row = 0; row < nearest.length; row++) {
      nearestDistance[row] = Double.POSITIVE_INFINITY;
      secondDistance[row] = Double.POSITIVE_INFINITY;
      for (int slot = 0; slot < medoids.length; slot++) {
        double distance = distances.between(medoids[slot], row);
        if (distance < nearestDistance[row]) {
          secondDistance[row] = nearestDistance[row];
          nearestDistance[row] = distance;
          nearest[row] = slot;
        } else if (distance < secondDistance[row]) {
          secondDistance[row] = distance;
        }
      }
      loss += nearestDistance[row];
    }
    return loss;
  }
}
