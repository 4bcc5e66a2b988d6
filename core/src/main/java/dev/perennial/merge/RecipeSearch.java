package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.SavedBrick;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * The search for the numbers of a recipe by which the merged brick is best.
 *
 * <p>Source: Evolutionary Optimization of Model Merging Recipes (arXiv 2403.13187), its search in the space of parameters:
 * CMA-ES over the weight and density of every model, and what else the method takes, from 0.5 with deviation 1/6. Here
 * densities and shares are searched from 0.001 to 1, weights too; lambda from 0.001 to 2, where a method has no weights;
 * whether weights are normalised is left as it is.
 */
public final class RecipeSearch {

  private static final double LOWEST = 0.001;

  /**
   * A recipe that was tried.
   *
   * @param recipe with all its numbers
   * @param merged what came of it
   * @param score the higher the better
   */
  public record Trial(Recipe recipe, Merged merged, double score) {}

  private RecipeSearch() {}

  /**
   * The best recipe of all that were tried, the first of equals: the one that it begins with is tried first, so that the
   * result is never worse. Where no rank is asked for, full differences are tried: what is returned does the same but for
   * rounding. The same arguments and score give the same bits.
   *
   * @param start method, base and models; its other numbers stay where the search has none
   * @param bricks those that {@link Recipe#bricks} names
   * @param options of merging; the seed decides the search too
   * @param trials how many recipes to try, at least 1
   * @param score of a merged brick on rows that are not tested on, the higher the better
   * @throws UsageException as {@link Merger#merge}, or if the method has nothing to search
   */
  public static Trial best(Recipe start, Map<String, SavedBrick> bricks, Backbone backbone, MergeOptions options,
      int trials, ToDoubleFunction<SavedBrick> score, SearchListener listener) {
    List<Setting> settings = searched(start.how());
    if (settings.isEmpty()) {
      throw new UsageException("expected a method with numbers to search, got " + start.method()
          + ": choose another, such as dare_ties");
    }
    int genes = settings.stream().mapToInt(setting -> setting.ofModel() ? start.models().size() : 1).sum();
    return new Evolution(bricks, backbone, options, trials, score, listener)
        .best(start, genes, numbers -> withNumbers(start, settings, numbers));
  }

  private static List<Setting> searched(MergeMethod method) {
    boolean weighted = method.settings().contains(Setting.WEIGHT);
    return method.settings().stream()
        .filter(setting -> !setting.name().equals("normalize") && !(weighted && setting.equals(Setting.LAMBDA))).toList();
  }

  /** The recipe with numbers from 0 to 1 in the place of those that are searched. */
  private static Recipe withNumbers(Recipe start, List<Setting> settings, double[] genes) {
    var shared = new LinkedHashMap<>(start.parameters());
    var own = new ArrayList<LinkedHashMap<String, RecipeValue>>();
    start.models().forEach(model -> own.add(new LinkedHashMap<>(model.parameters())));
    int gene = 0;
    for (Setting setting : settings) {
      if (setting.ofModel()) {
        for (var parameters : own) {
          parameters.put(setting.name(), value(setting, genes[gene++]));
        }
      } else {
        shared.put(setting.name(), value(setting, genes[gene++]));
      }
    }
    List<Recipe.Model> models = IntStream.range(0, own.size())
        .mapToObj(i -> new Recipe.Model(start.models().get(i).name(), own.get(i))).toList();
    return new Recipe(start.method(), start.base(), models, shared);
  }

  private static RecipeValue value(Setting setting, double gene) {
    double highest = setting.equals(Setting.LAMBDA) ? 2 : 1;
    return new RecipeValue.Scalar(LOWEST + (highest - LOWEST) * gene);
  }
}
