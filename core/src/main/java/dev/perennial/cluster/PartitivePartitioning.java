package dev.perennial.cluster;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Probabilistic Partitive Partitioning (arXiv 2003.04372) combines k-means, which partitions, with a Gaussian mixture,
 * which says whether the partition is one. What its abstract leaves open is filled in here:
 *
 *   cut the rows at random into parts of at most `rows` rows
 *   in each part, for k = 1, 2, ...:   k-means (the best of some restarts), a mixture that starts from it
 *     accept k if both agree in who is with whom (adjusted Rand index at least `agreement`)
 *     keep the accepted k of the least BIC; stop after PATIENCE values of k that did not lower it
 *   one part:     that is the partition
 *   several:      k is the median of theirs; k-means on the centres of all parts, then from there on all rows
 *   certainty of a row: the greatest share that a component of the mixture has in it
 *
 * Clusters are numbered by their size, the largest first.
 */
/**
 * Clustering that finds the number of clusters by itself, and the same ones whatever seed it starts from where there are
 * any to tell apart.
 */
public final class PartitivePartitioning {

  private static final int PATIENCE = 4;
  private static final long PARTS = 1;
  private static final long STARTS = 2;
  private static final long POOLED = 3;

  private PartitivePartitioning() {}

  /**
   * How it searches.
   *
   * @param most clusters at most, 1 to 1000; default 40
   * @param restarts of k-means for each number of clusters, 1 to 1000; default 8
   * @param rows of a part, 10 to 20000; default 1000
   * @param dimensions principal directions of the rows that are looked at where they are wider, 1 to 10000; default 32
   * @param agreement adjusted Rand index that k-means and the mixture reach at least, 0 to 1; default 0.9
   */
  public record Options(int most, int restarts, int rows, int dimensions, double agreement) {

    /** What suits features of some hundreds of numbers. */
    public static final Options DEFAULT = new Options(40, 8, 1000, 32, 0.9);

    /** Checks the ranges. */
    public Options {
      requireWhole("most", most, 1, 1000);
      requireWhole("restarts", restarts, 1, 1000);
      requireWhole("rows", rows, 10, 20_000);
      requireWhole("dimensions", dimensions, 1, 10_000);
      if (!(agreement >= 0 && agreement <= 1)) {
        throw new UsageException("expected an agreement between 0 and 1, got " + agreement);
      }
    }

    private static void requireWhole(String name, int value, int least, int most) {
      if (value < least || value > most) {
        throw new UsageException("expected " + name + " between " + least + " and " + most + ", got " + value);
      }
    }
  }

  /**
   * Clusters, the largest first.
   *
   * @param labels for each row the number of its cluster
   * @param centres means of the clusters' rows, as wide as the rows were given
   * @param certainties for each row the greatest share of a component of the mixture, above 0 to 1
   */
  public record Clusters(int[] labels, float[][] centres, double[] certainties) {

    /** How many there are. */
    public int size() {
      return centres.length;
    }

    /** How well the clusters are told apart: the mean certainty, 1 where no row could be in another. */
    public double separability() {
      return Arrays.stream(certainties).average().orElse(1);
    }
  }

  /**
   * The clusters of some rows. O(rows d most² restarts) and a singular value decomposition.
   *
   * @param rows {@code [rows][width]}, at least one; scale them as they are to be compared
   * @param seed that starts are drawn by
   * @throws UsageException if there is no row, rows differ in width, or are not finite
   */
  public static Clusters of(float[][] rows, Options options, long seed) {
    double[][] seen = projected(rows, options.dimensions());
    int[] order = CounterRandom.of(seed, PARTS).permutation(rows.length);
    int parts = Math.ceilDiv(rows.length, options.rows());
    var found = new ArrayList<KMeans>();
    for (int part = 0; part < parts; part++) {
      int from = (int) ((long) rows.length * part / parts);
      int to = (int) ((long) rows.length * (part + 1) / parts);
      double[][] own = IntStream.range(from, to).mapToObj(i -> seen[order[i]]).toArray(double[][]::new);
      found.add(validated(own, options, seed, part));
    }
    KMeans all = parts == 1 ? KMeans.settled(seen, found.getFirst().centres()) : pooled(seen, found, options, seed);
    return numbered(rows, all, new SphericalMixture(seen, all).certainties());
  }

  /** The partition of one part whose mixture agrees with it, of the least BIC. */
  private static KMeans validated(double[][] rows, Options options, long seed, int part) {
    KMeans best = KMeans.best(rows, 1, 1, seed, STARTS, part);
    double least = new SphericalMixture(rows, best).bic();
    int worse = 0;
    for (int k = 2; k <= Math.min(options.most(), rows.length) && worse < PATIENCE; k++) {
      KMeans partition = KMeans.best(rows, k, options.restarts(), seed, STARTS, part);
      var mixture = new SphericalMixture(rows, partition);
      worse++;
      if (mixture.bic() < least && AdjustedRand.of(partition.labels(), mixture.labels()) >= options.agreement()) {
        best = partition;
        least = mixture.bic();
        worse = 0;
      }
    }
    return best;
  }

  private static KMeans pooled(double[][] rows, List<KMeans> parts, Options options, long seed) {
    int[] sizes = parts.stream().mapToInt(part -> part.centres().length).sorted().toArray();
    double[][] centres = parts.stream().flatMap(part -> Arrays.stream(part.centres())).toArray(double[][]::new);
    KMeans ofCentres = KMeans.best(centres, sizes[(sizes.length - 1) / 2], options.restarts(), seed, POOLED);
    return KMeans.settled(rows, ofCentres.centres());
  }

  /** Rows in the directions in which they vary most, around their mean. */
  private static double[][] projected(float[][] rows, int dimensions) {
    if (rows.length == 0) {
      throw new UsageException("expected at least one row to cluster, got none");
    }
    int width = rows[0].length;
    float[] flat = new float[rows.length * width];
    for (int row = 0; row < rows.length; row++) {
      if (rows[row].length != width) {
        throw new UsageException("expected rows of one width, got " + width + " numbers in row 0 and " + rows[row].length
            + " in row " + row);
      }
      System.arraycopy(rows[row], 0, flat, row * width, width);
      for (float value : rows[row]) {
        if (!Float.isFinite(value)) {
          throw new UsageException("expected finite rows to cluster, got " + value + " in row " + row);
        }
      }
    }
    LibTorch.load();
    double[] values;
    int kept = Math.min(dimensions, width);
    try (TensorScope scope = TensorScope.inference()) {
      Tensor all = Tensors.floats(flat, rows.length, width).to(torch.ScalarType.Double);
      if (kept < width && kept < rows.length) {
        Tensor centred = all.sub(all.mean(new long[] {0}));
        Tensor directions = torch.linalg_svd(centred, false, new StringViewOptional()).get2();
        all = torch.mm(centred, directions.narrow(0, 0, kept).t());
      } else {
        kept = width;
      }
      values = Tensors.toDoubles(all);
    }
    double[][] seen = new double[rows.length][];
    for (int row = 0; row < rows.length; row++) {
      seen[row] = Arrays.copyOfRange(values, row * kept, (row + 1) * kept);
    }
    return seen;
  }

  /** Clusters without rows are left away; the others are numbered by size, and by their first row where sizes are equal. */
  private static Clusters numbered(float[][] rows, KMeans found, double[] certainties) {
    int k = found.centres().length;
    int[] sizes = new int[k];
    int[] first = new int[k];
    for (int row = rows.length - 1; row >= 0; row--) {
      sizes[found.labels()[row]]++;
      first[found.labels()[row]] = row;
    }
    int[] order = IntStream.range(0, k).filter(c -> sizes[c] > 0).boxed()
        .sorted(Comparator.<Integer>comparingInt(c -> -sizes[c]).thenComparingInt(c -> first[c]))
        .mapToInt(Integer::intValue).toArray();
    int[] numbers = new int[k];
    for (int place = 0; place < order.length; place++) {
      numbers[order[place]] = place;
    }
    double[][] sums = new double[order.length][rows[0].length];
    int[] labels = new int[rows.length];
    for (int row = 0; row < rows.length; row++) {
      labels[row] = numbers[found.labels()[row]];
      for (int i = 0; i < rows[row].length; i++) {
        sums[labels[row]][i] += rows[row][i];
      }
    }
    float[][] centres = new float[order.length][rows[0].length];
    for (int c = 0; c < order.length; c++) {
      for (int i = 0; i < centres[c].length; i++) {
        centres[c][i] = (float) (sums[c][i] / sizes[order[c]]);
      }
    }
    return new Clusters(labels, centres, certainties);
  }
}
