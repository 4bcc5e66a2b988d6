package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Recipes told by numbers from 0 to 1, of which {@link CmaEs} finds good ones, from 0.5 with deviation 1/6.
 *
 * @param bricks that are merged
 * @param options of merging; the seed decides what is tried too
 * @param trials recipes that are tried
 * @param score of a merged brick, the higher the better
 */
record Evolution(Map<String, SavedBrick> bricks, Backbone backbone, MergeOptions options, int trials,
    ToDoubleFunction<SavedBrick> score, SearchListener listener) {

  private static final double START = 0.5;
  private static final double DEVIATION = 1.0 / 6;

  /** Checks the number of trials. */
  Evolution {
    if (trials < 1) {
      throw new UsageException("expected at least 1 recipe to try, got " + trials);
    }
  }

  /** The best recipe of all that are tried, the first of equals; {@code first} is the first. */
  RecipeSearch.Trial best(Recipe first, int genes, Function<double[], Recipe> recipe) {
    double[] start = new double[genes];
    Arrays.fill(start, START);
    var evolution = new CmaEs(start, DEVIATION, CounterRandom.of(options.seed(), genes));
    Recipe best = first;
    double highest = score(first);
    listener.tried(1, trials, highest, highest);
    for (int tried = 1; tried < trials;) {
      double[][] candidates = evolution.ask();
      double[] losses = new double[candidates.length];
      for (int k = 0; k < candidates.length && tried < trials; k++) {
        Recipe candidate = recipe.apply(candidates[k]);
        double found = score(candidate);
        losses[k] = -found;
        if (found > highest) {
          best = candidate;
          highest = found;
        }
        listener.tried(++tried, trials, found, highest);
      }
      if (tried < trials) {
        evolution.tell(candidates, losses);
      }
    }
    return new RecipeSearch.Trial(best, Merger.merge(best, bricks, backbone, options), highest);
  }

  /** Of the full difference, which takes no decomposition and does the same as LoRA of the exact rank. */
  private double score(Recipe recipe) {
    MergeOptions quick = options.rank() > 0 ? options : new MergeOptions(0, true, options.seed());
    return score.applyAsDouble(Merger.merge(recipe, bricks, backbone, quick).brick());
  }
}
