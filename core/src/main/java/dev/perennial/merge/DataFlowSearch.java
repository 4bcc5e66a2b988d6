package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.SavedBrick;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The search for which bricks act in which blocks of their backbone, and how strongly.
 *
 * <p>Source: Evolutionary Optimization of Model Merging Recipes (arXiv 2403.13187), its search in the space of data flow:
 * CMA-ES over an indicator for each layer of each model, which counts where it is above a threshold, and over scales. On one
 * backbone the layers of two models differ by their bricks alone, so a flow through layers of the models is
 *
 * <pre>
 *   block l runs with  W_l + s_l sum over {i : a_li >= 1/2} of d_li
 * </pre>
 *
 * with an indicator {@code a_li} for each block l and brick i and a scale {@code s_l} from 0.001 to 1 for each block: some
 * blocks run with one brick, some with several, some with none. The order of the blocks stays, and none is repeated or left
 * out, as a brick is no change of the path: so the result is an ordinary brick, and a recipe of method
 * {@code concatenate} whose weights are lists over the depth.
 *
 * <p>{@code blocks (models + 1)} numbers are searched.
 */
public final class DataFlowSearch {

  private static final double THRESHOLD = 0.5;
  private static final double LOWEST = 0.001;

  private DataFlowSearch() {}

  /**
   * The best flow of all that were tried, the first of equals: the mean of all bricks in all blocks is tried first, so
   * that the result is never worse but for rounding. The same arguments and score give the same bits.
   *
   * @param models names of the bricks, at least 2
   * @param bricks by name
   * @param options of merging; the seed decides the search too
   * @param trials how many flows to try, at least 1
   * @param score of a merged brick on rows that are not tested on, the higher the better
   * @throws UsageException as {@link Merger#merge}, or if there are not two bricks
   */
  public static RecipeSearch.Trial best(List<String> models, Map<String, SavedBrick> bricks, Backbone backbone,
      MergeOptions options, int trials, ToDoubleFunction<SavedBrick> score, SearchListener listener) {
    if (models.size() < 2) {
      throw new UsageException("expected at least 2 bricks for blocks to choose among, got " + models.size());
    }
    int blocks = backbone.blocks();
    double[][] mean = new double[models.size()][blocks];
    for (double[] weights : mean) {
      Arrays.fill(weights, 1.0 / models.size());
    }
    return new Evolution(bricks, backbone, options, trials, score, listener)
        .best(recipe(models, mean), blocks * (models.size() + 1),
            genes -> recipe(models, weights(genes, models.size(), blocks)));
  }

  /** What each brick counts in each block: {@code genes} has the scale of a block, then its indicators, block by block. */
  static double[][] weights(double[] genes, int models, int blocks) {
    double[][] weights = new double[models][blocks];
    for (int block = 0; block < blocks; block++) {
      int from = block * (models + 1);
      double scale = LOWEST + (1 - LOWEST) * genes[from];
      for (int i = 0; i < models; i++) {
        weights[i][block] = genes[from + 1 + i] >= THRESHOLD ? scale : 0;
      }
    }
    return weights;
  }

  private static Recipe recipe(List<String> names, double[][] weights) {
    var models = new ArrayList<Recipe.Model>();
    for (int i = 0; i < names.size(); i++) {
      List<Double> overDepth = Arrays.stream(weights[i]).boxed().toList();
      models.add(new Recipe.Model(names.get(i), new LinkedHashMap<>(Map.of("weight", new RecipeValue.Gradient(overDepth)))));
    }
    return new Recipe(new Concatenation().name(), null, models, new LinkedHashMap<>());
  }
}
