package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.SavedBrick;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Mixtures of data, told good from bad without training on them.
 *
 * <p>Source: Scalable Data Ablation Approximations for Language Models through Modular Training and Merging (arXiv
 * 2410.15661). With a model trained on each partition of the data, the loss of a model trained on the mixture of shares p is
 * approached by the loss of the average of their parameters,
 *
 * <pre>
 *   theta_p = sum_i p_i theta_i,  p_i >= 0,  sum_i p_i = 1
 * </pre>
 *
 * for bricks on one backbone the average of their changes of weights and of their heads. For least squares on partitions
 * with the same correlations of features it is the loss itself. Mixtures are ranked by it.
 */
public final class Mixtures {

  private static final int MOST = 100_000;

  /**
   * A mixture with the loss of the average.
   *
   * @param shares of the partitions, in their order
   * @param loss of the averaged brick
   */
  public record Scored(List<Double> shares, double loss) {

    /** Copies the shares. */
    public Scored {
      shares = List.copyOf(shares);
    }
  }

  private Mixtures() {}

  /**
   * All mixtures whose shares are multiples of {@code 1 / steps}, {@code (steps + n - 1) over (n - 1)} of them, those of much
   * of the first partition first.
   *
   * @param partitions n, at least 1
   * @param steps at least 1
   * @throws UsageException if there are more than 100,000
   */
  public static List<List<Double>> grid(int partitions, int steps) {
    if (partitions < 1 || steps < 1) {
      throw new UsageException("expected at least 1 partition and 1 step, got " + partitions + " and " + steps);
    }
    double count = 1;
    for (int i = 1; i < partitions; i++) {
      count *= (double) (steps + i) / i;
    }
    if (count > MOST) {
      throw new UsageException(String.format(Locale.ROOT, "expected at most 100000 mixtures, got %.0f of %d"
          + " partitions in steps of 1/%d: choose fewer steps, or name mixtures", count, partitions, steps));
    }
    var all = new ArrayList<List<Double>>();
    fill(new int[partitions], 0, steps, steps, all);
    return all;
  }

  private static void fill(int[] parts, int place, int left, int steps, List<List<Double>> all) {
    if (place == parts.length - 1) {
      parts[place] = left;
      all.add(IntStream.of(parts).mapToObj(part -> (double) part / steps).toList());
      return;
    }
    for (int part = left; part >= 0; part--) {
      parts[place] = part;
      fill(parts, place + 1, left - part, steps, all);
    }
  }

  /**
   * Mixtures by the loss of their averages, the lowest first, of equals those that come first.
   *
   * @param bricks one for each partition, with the heads that were trained with them
   * @param mixtures shares of all partitions, in the order of the bricks
   * @param loss of a brick with its head, on rows that are not tested on
   * @throws UsageException as {@link Merger#merge}, or if shares are none, or heads cannot be averaged
   */
  public static List<Scored> rank(SequencedMap<String, SavedBrick> bricks, List<List<Double>> mixtures, Backbone backbone,
      ToDoubleFunction<SavedBrick> loss, SearchListener listener) {
    var scored = new ArrayList<Scored>();
    double lowest = Double.POSITIVE_INFINITY;
    for (List<Double> shares : mixtures) {
      double found = loss.applyAsDouble(average(bricks, shares, backbone));
      scored.add(new Scored(shares, found));
      lowest = Math.min(lowest, found);
      listener.tried(scored.size(), mixtures.size(), found, lowest);
    }
    scored.sort(Comparator.comparingDouble(Scored::loss));
    return scored;
  }

  /**
   * The average of bricks and of their heads, by shares.
   *
   * @param bricks one for each partition
   * @param shares at least 0 each, 1 together
   * @return a full difference of weights, with a head for the classes of all heads where there are any
   */
  public static SavedBrick average(SequencedMap<String, SavedBrick> bricks, List<Double> shares, Backbone backbone) {
    double sum = shares.stream().mapToDouble(Double::doubleValue).sum();
    if (shares.size() != bricks.size() || !shares.stream().allMatch(share -> share >= 0) || !(Math.abs(sum - 1) < 1e-6)) {
      throw new UsageException("expected a share of at least 0 for each of " + String.join(", ", bricks.keySet())
          + ", 1 together, got " + shares);
    }
    var models = new ArrayList<Recipe.Model>();
    var heads = new LinkedHashMap<SavedBrick.Head, Double>();
    int place = 0;
    for (Map.Entry<String, SavedBrick> brick : bricks.entrySet()) {
      double share = shares.get(place++);
      if (share > 0) {
        models.add(new Recipe.Model(
            brick.getKey(), new LinkedHashMap<>(Map.of("weight", new RecipeValue.Scalar(share)))));
      }
      // A head of no share gives no numbers, and its classes.
      brick.getValue().head().ifPresent(head -> heads.merge(head, share, Double::sum));
    }
    SavedBrick averaged = Merger.merge(new Recipe(new Linear().name(), null, models, new LinkedHashMap<>()), bricks,
        backbone, new MergeOptions(0, true, 0)).brick();
    return SavedBrick.of(averaged.options(), averaged.tensors(), averaged.fixed(),
        heads.isEmpty() ? null : HeadAverage.of(heads), averaged.provenance());
  }
}
