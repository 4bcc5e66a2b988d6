package dev.perennial.bench;

import dev.perennial.merge.Recipe;
import dev.perennial.merge.RecipeValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.ToDoubleFunction;

/**
 * The choice of the numbers of a way to merge, one after another: of each number the best of a few, with those before it
 * as they were chosen, and those after it as they usually are.
 */
final class MergeGrid {

  /** What is tried beside the usual number, which is 1 but for gamma 0.01, ratio 0.1 and decay 0.9. */
  private static final Map<String, List<Double>> TRIED = new LinkedHashMap<>();

  static {
    TRIED.put("lambda", List.of(0.3, 0.5, 0.7, 1.5, 2.0));
    TRIED.put("density", List.of(0.2, 0.5, 0.8));
    TRIED.put("gamma", List.of(0.05));
    TRIED.put("ratio", List.of(0.05, 0.2, 0.5));
    TRIED.put("decay", List.of(0.7, 0.8));
  }

  private MergeGrid() {}

  /**
   * The best recipe that was tried, with its score.
   *
   * @param numbers its numbers that are not the usual ones
   * @param usual score with the usual numbers
   */
  record Choice(Recipe recipe, Map<String, Double> numbers, double score, double usual) {}

  /**
   * Chooses.
   *
   * @param score of a recipe, the higher the better
   */
  static Choice of(String method, List<String> bricks, ToDoubleFunction<Recipe> score) {
    Recipe usual = recipe(method, bricks, new LinkedHashMap<>());
    double first = score.applyAsDouble(usual);
    var best = new Choice(usual, Map.of(), first, first);
    List<String> names = Recipe.numbers(method);
    for (String number : TRIED.keySet()) {
      if (names.contains(number)) {
        best = improved(best, method, bricks, number, score);
      }
    }
    // The sum of products has no lambda: there the weights of all bricks take its place.
    return names.equals(List.of("weight")) ? improved(best, method, bricks, "weight", score) : best;
  }

  private static Choice improved(
      Choice start, String method, List<String> bricks, String number, ToDoubleFunction<Recipe> score) {
    Choice best = start;
    for (double value : TRIED.getOrDefault(number, List.of(0.2, 0.3, 0.5, 0.7))) {
      var numbers = new LinkedHashMap<>(start.numbers);
      numbers.put(number, value);
      Recipe recipe = recipe(method, bricks, numbers);
      double found = score.applyAsDouble(recipe);
      best = found > best.score ? new Choice(recipe, numbers, found, start.usual) : best;
    }
    return best;
  }

  private static Recipe recipe(String method, List<String> bricks, SequencedMap<String, Double> numbers) {
    var parameters = new LinkedHashMap<String, RecipeValue>();
    numbers.forEach((name, value) -> parameters.put(name, new RecipeValue.Scalar(value)));
    return new Recipe(method, null, bricks.stream().map(Recipe.Model::new).toList(), parameters);
  }
}
