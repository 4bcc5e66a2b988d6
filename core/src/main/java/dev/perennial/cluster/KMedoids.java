package dev.perennial.cluster;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.List;

/*
 * Fast and Eager k-Medoids Clustering (arXiv 2008.05171). For a row o let dn and ds be its distances from the nearest
 * and the second nearest medoid, and d its distance from a candidate j. If j takes the place of medoid i, the loss
 * changes by
 *
 *   delta(i, j) = removal_i + sum over o of   d - dn         if d < dn                       (whichever i is)
 *                           + sum over o of   dn - ds        if d < dn, nearest(o) = i
 *                                             d - ds         if dn <= d < ds, nearest(o) = i
 *
 * where removal_i = sum of (ds - dn) over the rows nearest to i. One walk over the rows gives the changes for all k
 * medoids at once, where PAM walks k times: the factor O(k).
 *
 * FastPAM1 looks at every j and makes the best swap of all, as PAM does. FasterPAM makes the best swap for a j as soon
 * as it lowers the loss, and is done when n candidates in a row did not.
 */
/**
 * k-medoids: the k rows whose sum of distances to all rows is small.
 *
 * <p>A search is a function of the distances and of where it starts. It ends where no single swap of a medoid for
 * another row lowers the loss by more than rounding, a share of 1e-12 of it.
 */
public final class KMedoids {

  private static final double ROUNDING = 1e-12;

  private KMedoids() {}

  /**
   * FasterPAM: every swap that helps is made at once. A pass is O(n²), and O(n k) for each swap at worst.
   *
   * <p>From the same start it may end in another local optimum than PAM, of about the same loss.
   *
   * @param start k different rows to begin with, 1 to n: {@link #random} will do
   * @param passes walks over all rows at most, 1 or more; a few tens are enough for almost any data
   * @throws UsageException if the start is not k different rows, or there is no pass
   */
  public static Medoids fasterPam(Distances distances, int[] start, int passes) {
    require(distances, start, passes);
    if (start.length == 1) {
      return single(distances, start[0]);
    }
    var assignment = new Assignment(distances, start);
    double loss = assignment.loss();
    double[] removal = assignment.removalLoss();
    double[] change = new double[start.length];
    int n = distances.size();
    int swaps = 0;
    int unhelpful = 0;
    for (int pass = 0; pass < passes && unhelpful < n; pass++) {
      for (int candidate = 0; candidate < n && unhelpful < n; candidate++) {
        unhelpful++;
        if (assignment.isMedoid(candidate)) {
          continue;
        }
        int slot = bestSlot(distances, assignment, candidate, removal, change);
        if (change[slot] < -ROUNDING * loss) {
          assignment.swap(slot, candidate);
          loss = assignment.loss();
          removal = assignment.removalLoss();
          swaps++;
          unhelpful = 0;
        }
      }
    }
    return found(distances, assignment.medoids(), swaps, unhelpful >= n);
  }

  /**
   * FastPAM1: makes the swap that helps most, again and again: exactly PAM's swaps, and so PAM's medoids, if sums are
   * exact; ties go to the lower row, then to the lower slot. O(n²) a swap, where PAM takes O(k n²).
   *
   * @param start k different rows to begin with, 1 to n: PAM's own are {@link #build}
   * @param most swaps at most, 1 or more
   * @throws UsageException if the start is not k different rows, or there is no swap
   */
  public static Medoids fastPam1(Distances distances, int[] start, int most) {
    require(distances, start, most);
    if (start.length == 1) {
      return single(distances, start[0]);
    }
    var assignment = new Assignment(distances, start);
    double[] change = new double[start.length];
    int swaps = 0;
    while (swaps < most) {
      double[] removal = assignment.removalLoss();
      double best = -ROUNDING * assignment.loss();
      int bestCandidate = -1;
      int bestSlot = -1;
      for (int candidate = 0; candidate < distances.size(); candidate++) {
        if (!assignment.isMedoid(candidate)) {
          int slot = bestSlot(distances, assignment, candidate, removal, change);
          if (change[slot] < best) {
            best = change[slot];
            bestCandidate = candidate;
            bestSlot = slot;
          }
        }
      }
      if (bestCandidate < 0) {
        return found(distances, assignment.medoids(), swaps, true);
      }
      assignment.swap(bestSlot, bestCandidate);
      swaps++;
    }
    return found(distances, assignment.medoids(), swaps, false);
  }

  /** Fills {@code change} with delta(i, candidate) for every slot i, and returns the slot with the least. O(n + k). */
  private static int bestSlot(
      Distances distances, Assignment assignment, int candidate, double[] removal, double[] change) {
    System.arraycopy(removal, 0, change, 0, change.length);
    float[] from = distances.from(candidate);
    double shared = 0;
    for (int row = 0; row < from.length; row++) {
      double distance = from[row];
      double near = assignment.nearestDistance[row];
      double far = assignment.secondDistance[row];
      if (distance < near) {
        shared += distance - near;
        change[assignment.nearest[row]] += near - far;
      } else if (distance < far) {
        change[assignment.nearest[row]] += distance - far;
      }
    }
    int best = 0;
    for (int slot = 0; slot < change.length; slot++) {
      change[slot] += shared;
      if (change[slot] < change[best]) {
        best = slot;
      }
    }
    return best;
  }

  /** With k = 1 there is nothing to search: the row with the least sum of distances, unless the start is as good. */
  private static Medoids single(Distances distances, int start) {
    int[] best = build(distances, 1);
    int[] asked = {start};
    boolean stays = new Assignment(distances, asked).loss() <= new Assignment(distances, best).loss();
    return stays ? found(distances, asked, 0, true) : found(distances, best, 1, true);
  }

  /**
   * BUILD, PAM's start: the row with the least sum of distances, then again and again the row that lowers the loss
   * most; the lower row where two do the same. O(k n²).
   *
   * <p>Source: Kaufman and Rousseeuw, Finding Groups in Data, 1990.
   *
   * @param k medoids, 1 to n
   * @return k different rows
   */
  public static int[] build(Distances distances, int k) {
    requireCount(distances, k);
    int n = distances.size();
    double[] nearest = new double[n];
    Arrays.fill(nearest, Double.POSITIVE_INFINITY);
    boolean[] taken = new boolean[n];
    int[] medoids = new int[k];
    for (int slot = 0; slot < k; slot++) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int candidate = 0; candidate < n; candidate++) {
        if (taken[candidate]) {
          continue;
        }
        float[] from = distances.from(candidate);
        double loss = 0;
        for (int row = 0; row < n; row++) {
          loss += Math.min(nearest[row], from[row]);
        }
        if (loss < least) {
          least = loss;
          best = candidate;
        }
      }
      medoids[slot] = best;
      taken[best] = true;
      float[] from = distances.from(best);
      for (int row = 0; row < n; row++) {
        nearest[row] = Math.min(nearest[row], from[row]);
      }
    }
    return medoids;
  }

  /**
   * Rows drawn at random: all the start that {@link #fasterPam} needs. O(n).
   *
   * @param k medoids, 1 to n
   * @return k different rows
   */
  public static int[] random(Distances distances, int k, CounterRandom random) {
    requireCount(distances, k);
    return Arrays.copyOf(random.permutation(distances.size()), k);
  }

  private static Medoids found(Distances distances, int[] medoids, int swaps, boolean converged) {
    var assignment = new Assignment(distances, medoids);
    return new Medoids(boxed(medoids), boxed(assignment.nearest), assignment.loss(), swaps, converged);
  }

  private static List<Integer> boxed(int[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  private static void requireCount(Distances distances, int k) {
    if (k < 1 || k > distances.size()) {
      throw new UsageException("expected between 1 and " + distances.size() + " medoids of as many rows, got " + k);
    }
  }

  private static void require(Distances distances, int[] start, int most) {
    requireCount(distances, start.length);
    if (most < 1) {
      throw new UsageException("expected a search of at least one pass or swap, got " + most);
    }
    int[] sorted = start.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < sorted.length; i++) {
      if (sorted[i] < 0 || sorted[i] >= distances.size() || (i > 0 && sorted[i] == sorted[i - 1])) {
        throw new UsageException("expected different rows from 0 to " + (distances.size() - 1)
            + " to start with, got " + Arrays.toString(start));
      }
    }
  }
}
