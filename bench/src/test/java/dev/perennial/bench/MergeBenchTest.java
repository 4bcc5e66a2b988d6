package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Dataset;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.ParentTasks;
import dev.perennial.engine.StoreBricks;
import dev.perennial.merge.MergeOptions;
import dev.perennial.merge.Merger;
import dev.perennial.merge.Recipe;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MergeBenchTest {

  private static final List<String> PARTS = List.of("train", "train", "validation", "test");

  @TempDir
  private Path directory = Path.of("");

  private Path words(List<String> parts) throws IOException {
    var lines = new StringBuilder("text,label,part\n");
    for (String words : List.of("fruit apple pear plum melon", "metal iron zinc gold tin", "bird owl crow gull finch",
        "sport golf judo chess rowing")) {
      List<String> all = List.of(words.split(" "));
      for (int i = 1; i < all.size(); i++) {
        lines.append("tell me about ").append(all.get(i)).append(',').append(all.getFirst()).append(',')
            .append(parts.get(i - 1)).append('\n');
      }
    }
    return Files.writeString(directory.resolve("words.csv"), lines);
  }

  private static String[] arguments(Path words, String... more) {
    var all = new ArrayList<>(List.of("merge", "--data", words.toString(), "--text", "text", "--label", "label", "--split",
        "part", "--tasks", "2", "--option", "epochs=2", "--option", "rank=2"));
    all.addAll(Arrays.asList(more));
    return all.toArray(String[]::new);
  }

  @Test
  @Tag("heavy")
  void call_withAStore_figuresAreThoseOfTheBricksThatAreKept() throws IOException {
    Path words = words(PARTS);
    Path json = directory.resolve("merge.json");
    Path stores = directory.resolve("stores");
    BenchRun run = BenchRun.of(arguments(words, "--seeds", "1", "--seed", "4", "--search", "3", "--store",
        stores.toString(), "--json", json.toString()));
    JsonNode seed = BenchRun.json(json).path("seeds").path(0);
    assertEquals(4, seed.path("seed").asInt());
    Dataset rows = Datasets.read(DataSpec.table(words.toString(), "text", "label", "part"), 4);
    try (var workers = new Workers(1); StoreBricks kept = StoreBricks.open(stores.resolve("seed-4"))) {
      var bricks = new LinkedHashMap<String, SavedBrick>();
      for (String name : List.of("task-1", "task-2")) {
        bricks.put(name, kept.read(name));
        assertEquals(2, kept.read(name).head().orElseThrow().classes().size());
      }
      var test = new ParentTasks(bricks, rows.test(), kept.backbone(), workers);
      assertEquals(test.single(), seed.path("single").asDouble(), 1e-9);
      var average = new Recipe("average", null, bricks.keySet().stream().map(Recipe.Model::new).toList(),
          new LinkedHashMap<>());
      double accuracy = test.score(Merger.merge(average, bricks, kept.backbone(), MergeOptions.DEFAULT).brick());
      JsonNode merger = seed.path("mergers").path(0);
      assertEquals("average", merger.path("name").asText());
      assertEquals(accuracy, merger.path("accuracy").asDouble(), 1e-9);
      assertEquals(accuracy / test.single(), merger.path("share").asDouble(), 1e-9);
    }
    // Every method, as all of them merge two, and two searches.
    assertEquals(Recipe.methods().size() + 2, seed.path("mergers").size());
    seed.path("mergers").forEach(merger ->
        assertTrue(merger.path("validation").asDouble() >= merger.path("usual").asDouble(), merger::toString));
    assertTrue(run.out().getLast().startsWith("best merger / single bricks: "), run.out()::toString);
    assertTrue(run.err().stream().anyMatch(line -> line.startsWith("seed 4, task-2: learning 2 classes")));
    refused("seed-4", arguments(words, "--seeds", "1", "--seed", "4", "--store", stores.toString()));
  }

  @Test
  void of_grid_takesEveryNumberAtItsBestWithTheOthersAsChosen() {
    // Best where lambda is 0.5 and, with it, density 0.2.
    ToDoubleFunction<Recipe> score = recipe -> -Math.abs(number(recipe, "lambda") - 0.45)
        - (number(recipe, "lambda") == 0.5 ? number(recipe, "density") : 5 - number(recipe, "density"));
    MergeGrid.Choice choice = MergeGrid.of("dare_linear", List.of("a", "b"), score);
    assertEquals(0.5, choice.numbers().get("lambda"));
    assertEquals(0.2, choice.numbers().get("density"));
    assertEquals(score.applyAsDouble(choice.recipe()), choice.score());
    assertEquals(-4.55, choice.usual(), 1e-12);
    assertTrue(MergeGrid.of("average", List.of("a"), recipe -> 1).numbers().isEmpty());
    assertEquals(0.3, MergeGrid.of("concatenate", List.of("a"), recipe -> -Math.abs(number(recipe, "weight") - 0.3))
        .numbers().get("weight"));
  }

  private static double number(Recipe recipe, String name) {
    return recipe.parameters().containsKey(name)
        ? recipe.parameters().get(name).numbers().getFirst()
        : 1;
  }

  @Test
  void call_unfitRequests_areRefusedInOneLine() throws IOException {
    refused("--seeds", arguments(words(PARTS), "--seeds", "0"));
    refused("--tune-rows", arguments(words(PARTS), "--tune-rows", "0"));
    refused("--search", arguments(words(PARTS), "--search", "-1"));
    refused("validation rows", arguments(words(List.of("train", "train", "train", "test")), "--seeds", "1"));
  }

  private static void refused(String mentioned, String... arguments) {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(arguments));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
