package dev.perennial.cluster;

import java.util.List;

/**
 * Rows that stand for clusters, as {@link KMedoids} found them.
 *
 * @param medoids their row numbers, k of them: the medoid at place i stands for cluster i
 * @param clusters for each of the n rows, the cluster of its nearest medoid, the first of equally near ones
 * @param loss sum of the rows' distances from their medoids
 * @param swaps how often a medoid was replaced on the way
 * @param converged whether no single swap of a medoid for another row would lower the loss; false where the search was
 *     cut short
 */
public record Medoids(List<Integer> medoids, List<Integer> clusters, double loss, int swaps, boolean converged) {

  /** Copies the lists. */
  public Medoids {
    medoids = List.copyOf(medoids);
    clusters = List.copyOf(clusters);
  }
}
