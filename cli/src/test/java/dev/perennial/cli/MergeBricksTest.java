package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.merge.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Merging the learned brick of a store with others of its library. */
final class MergeBricksTest {

  @TempDir static Path dir;
  private static Path store = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    store = dir.resolve("store");
    Path words = Words.csv(dir.resolve("words.csv"));
    Path other = dir.resolve("other");
    learn(words, store, 2, 0);
    learn(words, other, 3, 1);
    Cli.run("bricks", "export", "--store", other, "brick", dir.resolve("exported")).succeeded();
    Cli.run("bricks", "import", "--store", store, "--name", "theirs", dir.resolve("exported")).succeeded();
  }

  private static void learn(Path words, Path into, int rank, int seed) {
    Cli.run("learn", "--data", words, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--technique", "fine-tune",
        "--option", "epochs=1", "--option", "rank=" + rank, "--seed", seed, "--store", into).succeeded();
  }

  private static Path recipe(String text) throws IOException {
    return Files.writeString(Files.createTempFile(dir, "recipe", ".yaml"), text);
  }

  @Test
  void merge_recipeFile_addsABrickWithItsLineage() throws IOException {
    Path recipe = recipe("""
        # in mergekit's shape
        models:
          - model: brick
            parameters:
              weight: 0.75
          - model: theirs
            parameters:
              weight:
                - filter: query
                  value: [0.25, 0.5]
                - value: 0.25
        merge_method: task_arithmetic
        base_model: minilm
        parameters:
          normalize: false
        dtype: float32
        """);
    String out = Cli.run("bricks", "merge", "--store", store, "--as", "both", recipe).succeeded().out();
    assertTrue(out.contains("LoRA of rank 5"), out);
    JsonNode shown = Cli.json(Cli.run("bricks", "show", "--store", store, "both", "--json").succeeded().out());
    assertEquals("task_arithmetic", shown.get("provenance").get("technique").asText());
    assertEquals("brick", shown.get("provenance").get("parents").get(0).asText());
    assertEquals("theirs@1", shown.get("provenance").get("parents").get(1).asText());
    JsonNode numbers = shown.get("provenance").get("recipe");
    assertEquals("0.75", numbers.get("weight of brick").asText());
    assertEquals("query: 0.25 0.5 over the depth; others: 0.25", numbers.get("weight of theirs").asText());
    assertEquals(64, numbers.get("digest of theirs").asText().length());
    String text = Cli.run("bricks", "show", "--store", store, "both").succeeded().out();
    assertTrue(text.contains("Recipe     digest of brick ") && text.contains("           weight of brick 0.75\n"), text);
    Cli.run("bricks", "merge", "--store", store, "--as", "both", recipe).complains(2, "both", "taken");
    Cli.run("bricks", "merge", "--store", store, "--as", "brick", recipe).complains(2, "brick", "learned");
  }

  @Test
  void merge_methodAndNames_concatenatesAndCuts() throws IOException {
    Cli.run("bricks", "merge", "--store", store, "--as", "sum", "--method", "concatenate", "brick", "theirs").succeeded();
    Cli.run("bricks", "merge", "--store", store, "--as", "total", "--method", "task_arithmetic", "--full", "brick",
        "theirs").succeeded();
    JsonNode same = Cli.json(Cli.run("bricks", "diff", "--store", store, "sum", "total", "--json").succeeded().out());
    assertEquals(12, same.size());
    same.forEach(row -> assertTrue(row.get("difference").asDouble() < 1e-5 * row.get("first").asDouble()));
    String out = Cli.run("bricks", "merge", "--store", store, "--as", "small", "--method", "concatenate", "--rank", 1,
        "brick", "theirs").succeeded().out();
    assertTrue(out.contains("LoRA of rank 1") && out.contains("cut off"), out);
    String ties = Cli.run("bricks", "merge", "--store", store, "--as", "ties", "--method", "ties", "--parameter",
        "density=0.3", "brick", "theirs").succeeded().out();
    assertTrue(ties.contains("full difference"), ties);
  }

  @Test
  void merge_search_keepsTheBestRecipeOnValidationRows() {
    Object[] arguments = {"bricks", "merge", "--store", store, "--as", "best", "--method", "task_arithmetic", "--search", 6,
        "--rows", 2, "brick", "theirs"};
    Cli.Outcome outcome = Cli.run(arguments).succeeded();
    assertTrue(outcome.err().contains("best of 6 recipes: mean accuracy") && outcome.err().contains("brick {weight="),
        outcome.err());
    assertTrue(outcome.out().contains("brick best, task_arithmetic of brick, theirs"), outcome.out());
  }

  @Test
  void merge_flow_keepsWhichBricksActInWhichBlocks() throws IOException {
    Cli.Outcome outcome = Cli.run("bricks", "merge", "--store", store, "--as", "flow", "--flow", "--search", 5, "--rows", 1,
        "brick", "theirs").succeeded();
    assertTrue(outcome.err().contains("best of 5 recipes: mean accuracy"), outcome.err());
    JsonNode made = Cli.json(Cli.run("bricks", "show", "--store", store, "flow", "--json").succeeded().out())
        .get("provenance");
    assertEquals("concatenate", made.get("technique").asText());
    // A weight for each of six blocks.
    assertEquals(9, made.get("recipe").get("weight of brick").asText().split(" ").length);
  }

  @Test
  void help_methods_areThoseOfRecipesWithTheirNumbers() {
    String help = Cli.run("bricks", "merge", "--help").succeeded().out();
    for (String method : Recipe.methods()) {
      String line = help.lines().filter(text -> text.strip().startsWith(method + " ")).findFirst().orElse("");
      Recipe.numbers(method).forEach(number -> assertTrue(line.contains(number), method + ": " + line));
      assertTrue(!line.isEmpty(), method);
    }
  }

  @Test
  void mixtures_gridAndGiven_areRankedByTheLossOfTheAverage() throws IOException {
    Path json = dir.resolve("mixtures.json");
    String out = Cli.run("bricks", "mixtures", "--store", store, "--steps", 2, "--rows", 3, "--top", 2, "--json", json,
        "brick", "theirs").succeeded().out();
    assertTrue(out.contains("3 mixtures by their loss on 12 validation rows") && out.lines().count() >= 4, out);
    JsonNode mixtures = Cli.json(json).get("mixtures");
    assertEquals(3, mixtures.size());
    var losses = new HashMap<Double, Double>();
    double last = 0;
    for (JsonNode mixture : mixtures) {
      assertTrue(mixture.get("loss").asDouble() >= last);
      last = mixture.get("loss").asDouble();
      losses.put(mixture.get("shares").get(0).asDouble(), last);
    }
    Cli.run("bricks", "mixtures", "--store", store, "--rows", 3, "--json", json, "--mixture", "brick=3", "--mixture",
        "theirs=2,brick=2", "brick", "theirs").succeeded();
    JsonNode given = Cli.json(json).get("mixtures");
    assertEquals(2, given.size());
    given.forEach(mixture -> assertEquals(Objects.requireNonNull(losses.get(mixture.get("shares").get(0).asDouble())),
        mixture.get("loss").asDouble(), 1e-9));
  }

  @Test
  void mixtures_unfitRequests_areRefusedInOneLine() {
    List<Object> start = List.of("bricks", "mixtures", "--store", store);
    Cli.run(start, "brick", "brick").complains(2, "each brick once");
    Cli.run(start, "brick", "stranger").complains(2, "stranger");
    Cli.run(start, "--steps", 0, "brick").complains(2, "at least 1 partition");
    Cli.run(start, "--mixture", "nobody=1", "brick", "theirs").complains(2, "nobody");
    Cli.run(start, "--mixture", "brick=much", "brick", "theirs").complains(2, "much");
    Cli.run(start, "--mixture", "brick=-1", "brick", "theirs").complains(2, "above 0");
    Cli.run(start, "--rows", 0, "brick").complains(2, "--rows");
  }

  @Test
  void merge_unfitRequests_areRefusedInOneLineAndTheLibraryStays() throws IOException {
    var before = Cli.snapshot(store.resolve("library"));
    String models = "models: [{model: brick}, {model: theirs}]\n";
    refusedRecipe(models, "merge_method");
    refusedRecipe(models + "merge_method: teis\n", "did you mean ties?");
    refusedRecipe(models + "merge_method: ties\nslices: []\n", "slices");
    refusedRecipe(models + "merge_method: ties\nparameters: {weight: heavy}\n", "a number for weight", "heavy");
    refusedRecipe(models + "merge_method: ties\nparameters: {weight: .nan}\n", "line 3", "'.nan'");
    refusedRecipe(models + "merge_method: ties\nparameters: {weight: [1, two]}\n", "a number for weight", "two");
    refusedRecipe(models + "merge_method: ties\nparameters: {wieght: 1}\n", "did you mean weight?");
    refusedRecipe(models + "merge_method: ties\nparameters: {weight: [{filter: nowhere, value: 1}]}\n", "nowhere");
    refusedRecipe(models + "merge_method: ties\nmerge_method: ties\n", "line 3");
    refusedRecipe(models + "merge_method: ties\ndtype: bfloat16\n", "float32");
    refusedRecipe(models + "merge_method: ties\nbase_model: nobody\n", "nobody");
    refusedRecipe("merge_method: ties\nmodels: [{model: brick, weight: 1}]\n", "weight");
    refusedRecipe("merge_method: ties\nmodels: [{model: stranger}]\n", "stranger", "theirs");
    refusedRecipe("merge_method: ties\nmodels: 5\n", "list of models");
    refusedRecipe("- just a list\n", "merge_method");
    refusedRecipe("a: [b\n", "YAML");
    refused(List.of(dir.resolve("none.yaml")), "none.yaml");
    refused(List.of("brick", "theirs"), "--method");
    refused(List.of("--method", "slerp", "brick"), "2 models");
    refused(List.of("--method", "ties", "--parameter", "density=much", "brick"), "much");
    refused(List.of("--method", "ties", "--parameter", "density=2", "brick"), "from 0 to 1");
    refused(List.of("--method", "average", "--search", 5, "brick"), "numbers to search");
    refused(List.of("--method", "ties", "--search", -1, "brick"), "--search");
    refused(List.of("--method", "ties", "--rank", 3, "--full", "brick"), "either");
    refused(List.of("--flow", "brick", "theirs"), "--search");
    refused(List.of("--flow", "--search", 3, "--method", "ties", "brick", "theirs"), "--method");
    refused(List.of("--flow", "--search", 3, "brick"), "at least 2 bricks");
    assertEquals(before, Cli.snapshot(store.resolve("library")));
  }

  private static void refusedRecipe(String text, String... words) throws IOException {
    refused(List.of(recipe(text)), words);
  }

  private static void refused(List<?> arguments, String... words) {
    Cli.run("bricks", "merge", "--store", store, "--as", "refused", arguments).complains(2, words);
  }
}
