package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.SequencedMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RecipeTest {

  private static Site site(int block, String end) {
    return new Site(0, "encoder.layer." + block + "." + end, block, 4, 4);
  }

  static SequencedMap<String, RecipeValue> numbers(Object... namesAndNumbers) {
    var numbers = new LinkedHashMap<String, RecipeValue>();
    for (int i = 0; i < namesAndNumbers.length; i += 2) {
      numbers.put((String) namesAndNumbers[i], namesAndNumbers[i + 1] instanceof RecipeValue value
          ? value
          : new RecipeValue.Scalar(((Number) namesAndNumbers[i + 1]).doubleValue()));
    }
    return numbers;
  }

  private static void refused(String words, Runnable recipe) {
    String message = Objects.requireNonNull(assertThrows(UsageException.class, recipe::run).getMessage());
    assertTrue(message.contains(words), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void gradient_depth_isInterpolatedBetweenItsNumbers() {
    var gradient = new RecipeValue.Gradient(List.of(0.0, 1.0, 3.0));
    double[] expected = {0, 0.5, 1, 2, 3};
    for (int block = 0; block < 5; block++) {
      assertEquals(expected[block], gradient.at(site(block, "query"), 5).orElseThrow(), 1e-12);
    }
    assertEquals(3, gradient.at(site(0, "query"), 1).orElseThrow());
    refused("empty list", () -> new RecipeValue.Gradient(List.of()));
  }

  @Test
  void gradient_asManyNumbersAsBlocks_areMetToTheBit() {
    for (int blocks = 2; blocks < 60; blocks++) {
      List<Double> numbers = IntStream.range(0, blocks).mapToObj(i -> i % 3 == 0 ? 0.0 : 1.0 / i).toList();
      var gradient = new RecipeValue.Gradient(numbers);
      for (int block = 0; block < blocks; block++) {
        assertEquals(numbers.get(block), gradient.at(site(block, "query"), blocks).orElseThrow());
      }
    }
  }

  @Test
  void text_values_haveEveryDigit() {
    assertEquals("0.1", new RecipeValue.Scalar(0.1).text());
    assertEquals("-2", new RecipeValue.Scalar(-2).text());
    var third = new RecipeValue.Gradient(List.of(1.0 / 3, 1.0));
    assertEquals(1.0 / 3 + " 1 over the depth", third.text());
    assertEquals("query: 0.5; others: " + third.text(), new RecipeValue.Filtered(List.of(
        new RecipeValue.Filtered.Case("query", new RecipeValue.Scalar(0.5)),
        new RecipeValue.Filtered.Case(null, third))).text());
  }

  @Test
  void filtered_names_takesTheFirstCaseThatMatches() {
    var filtered = new RecipeValue.Filtered(List.of(
        new RecipeValue.Filtered.Case("query", new RecipeValue.Scalar(0.3)),
        new RecipeValue.Filtered.Case("layer.1", new RecipeValue.Gradient(List.of(1.0, 2.0)))));
    assertEquals(OptionalDouble.of(0.3), filtered.at(site(1, "query"), 2));
    assertEquals(OptionalDouble.of(2), filtered.at(site(1, "value"), 2));
    assertEquals(OptionalDouble.empty(), filtered.at(site(0, "value"), 2));
  }

  @Test
  void at_modelsAndRecipe_theModelsOwnNumberComesFirstThenTheRecipesThenTheUsual() {
    var recipe = new Recipe("ties", null, List.of(
        new Recipe.Model("a", numbers("density", 0.25)), new Recipe.Model("b")), numbers("density", 0.5, "lambda", 2));
    Numbers numbers = recipe.at(site(0, "query"), 2);
    assertArrayEquals(new double[] {0.25, 0.5}, numbers.each(Setting.DENSITY));
    assertArrayEquals(new double[] {1, 1}, numbers.each(Setting.WEIGHT));
    assertEquals(2, numbers.one("lambda"));
    assertEquals(1, numbers.one("normalize"));
  }

  @Test
  void bricks_base_isOneUnlessItIsTheBackbone() {
    List<Recipe.Model> models = List.of(new Recipe.Model("a"), new Recipe.Model("b"), new Recipe.Model("a"));
    assertEquals(new LinkedHashSet<>(List.of("c", "a", "b")),
        new LinkedHashSet<>(new Recipe("ties", "c", models, numbers()).bricks("minilm")));
    assertEquals(new LinkedHashSet<>(List.of("a", "b")),
        new LinkedHashSet<>(new Recipe("ties", "minilm", models, numbers()).bricks("minilm")));
  }

  @Test
  void recipe_unfit_isRefusedInOneLine() {
    List<Recipe.Model> two = List.of(new Recipe.Model("a"), new Recipe.Model("b"));
    refused("did you mean slerp?", () -> new Recipe("slrp", null, two, numbers()));
    refused("did you mean density?", () -> new Recipe("ties", null, two, numbers("densty", 1)));
    refused("from 0 to 1 for density of model a, got 1.5",
        () -> new Recipe("ties", null, List.of(new Recipe.Model("a", numbers("density", 1.5))), numbers()));
    refused("got NaN", () -> new Recipe("ties", null, two, numbers("weight", Double.NaN)));
    refused("got Infinity", () -> new Recipe("ties", null, two, numbers("weight", Double.POSITIVE_INFINITY)));
    refused("parameter of ties of model a, got lambda",
        () -> new Recipe("ties", null, List.of(new Recipe.Model("a", numbers("lambda", 1))), numbers()));
    refused("expected 2 models to merge by slerp, got 3",
        () -> new Recipe("slerp", null, List.of(two.get(0), two.get(1), two.get(0)), numbers()));
    refused("at least 1 models", () -> new Recipe("ties", null, List.of(), numbers()));
    refused("it has none", () -> new Recipe("average", null, two, numbers("weight", 1)));
    refused("compares whole bricks",
        () -> new Recipe("pcb", null, two, numbers("ratio", new RecipeValue.Gradient(List.of(0.1, 0.2)))));
    assertEquals(Map.of(), new Recipe("average", null, two, numbers()).parameters());
  }
}
