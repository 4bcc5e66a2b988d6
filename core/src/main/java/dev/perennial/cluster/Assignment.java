package dev.perennial.cluster;

/** The nearest and the second nearest medoid of every row: what a swap is judged by. */
final class Assignment {

  private final Distances distances;
  private final int[] medoids;
  /** For each row, the slot in the medoids of the nearest medoid, and of the second nearest. */
  final int[] nearest;
  final int[] second;
  final double[] nearestDistance;
  final double[] secondDistance;
  private final boolean[] medoid;

  /** Assigns every row. O(n k). With one medoid there is no second one: it is infinitely far. */
  Assignment(Distances distances, int[] medoids) {
    this.distances = distances;
    this.medoids = medoids.clone();
    int n = distances.size();
    nearest = new int[n];
    second = new int[n];
    nearestDistance = new double[n];
    secondDistance = new double[n];
    medoid = new boolean[n];
    for (int row : medoids) {
      medoid[row] = true;
    }
    for (int row = 0; row < n; row++) {
      assign(row);
    }
  }

  private void assign(int row) {
    float[] from = distances.from(row);
    int first = -1;
    int next = -1;
    double firstDistance = Double.POSITIVE_INFINITY;
    double nextDistance = Double.POSITIVE_INFINITY;
    for (int slot = 0; slot < medoids.length; slot++) {
      double distance = from[medoids[slot]];
      if (distance < firstDistance) {
        next = first;
        nextDistance = firstDistance;
        first = slot;
        firstDistance = distance;
      } else if (distance < nextDistance) {
        next = slot;
        nextDistance = distance;
      }
    }
    nearest[row] = first;
    second[row] = next;
    nearestDistance[row] = firstDistance;
    secondDistance[row] = nextDistance;
  }

  int[] medoids() {
    return medoids;
  }

  boolean isMedoid(int row) {
    return medoid[row];
  }

  /** Makes {@code row} the medoid of {@code slot}. O(n), and O(k) more for each row that loses a near medoid. */
  void swap(int slot, int row) {
    medoid[medoids[slot]] = false;
    medoid[row] = true;
    medoids[slot] = row;
    float[] from = distances.from(row);
    for (int other = 0; other < nearest.length; other++) {
      double distance = from[other];
      if (nearest[other] == slot) {
        if (distance < secondDistance[other]) {
          nearestDistance[other] = distance;
        } else {
          assign(other);
        }
      } else if (distance < nearestDistance[other]) {
        second[other] = nearest[other];
        secondDistance[other] = nearestDistance[other];
        nearest[other] = slot;
        nearestDistance[other] = distance;
      } else if (second[other] == slot) {
        assign(other);
      } else if (distance < secondDistance[other]) {
        second[other] = slot;
        secondDistance[other] = distance;
      }
    }
  }

  double loss() {
    double loss = 0;
    for (double distance : nearestDistance) {
      loss += distance;
    }
    return loss;
  }

  /** What the loss grows by if a slot's medoid goes and nothing comes: {@code sum over its rows of (ds - dn)}. */
  double[] removalLoss() {
    double[] removal = new double[medoids.length];
    for (int row = 0; row < nearest.length; row++) {
      removal[nearest[row]] += secondDistance[row] - nearestDistance[row];
    }
    return removal;
  }
}
