package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RouteBenchTest {

  private static final List<List<String>> WORDS = List.of(List.of("cat", "dog", "horse", "sheep"),
      List.of("bank", "money", "loan", "stock"), List.of("rain", "snow", "storm", "cloud"),
      List.of("bread", "soup", "rice", "cheese"));

  @TempDir
  private Path directory = Path.of("");

  /** Twelve rows of each of four classes that are easy to tell apart. */
  private Path table() throws IOException {
    var lines = new ArrayList<>(List.of("text,label,split"));
    for (int row = 0; row < 48; row++) {
      var random = CounterRandom.of(1, row);
      List<String> words = WORDS.get(row % 4);
      lines.add("the " + words.get(random.below(0, 4)) + " and a " + words.get(random.below(1, 4)) + ",class" + row % 4
          + "," + (row < 32 ? "train" : row < 40 ? "validation" : "test"));
    }
    return Files.write(directory.resolve("words.csv"), lines);
  }

  @Test
  void call_easyClassesInTwoTasks_findsTasksAndTellsTheShareOfTheAccuracy() throws IOException {
    Path json = directory.resolve("route.json");
    BenchRun run = BenchRun.of("route", "--data", table().toString(), "--text", "text", "--label", "label", "--split",
        "split", "--tasks", "2", "--seeds", "2", "--routers", "prototypes,analytic,arrow,top-p", "--epochs", "4", "--steps",
        "3", "--threads", "1", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(2, figures.path("trials").size());
    for (JsonNode row : figures.path("routers")) {
      String router = row.path("router").asText();
      String part = row.path("mixes").asBoolean() ? "mixed" : "alone";
      double ratio = 0;
      for (JsonNode trial : figures.path("trials")) {
        assertEquals(8, trial.path("rows").asInt());
        assertTrue(trial.path("withTask").asDouble() >= 0.75, trial::toString);
        JsonNode outcome = trial.path("outcomes").path(router);
        assertEquals(router.equals("arrow") || router.equals("top-p"), outcome.has("mixed"), outcome::toString);
        ratio += outcome.path(part).asDouble() / trial.path("withTask").asDouble() / 2;
        if (router.equals("prototypes") || router.equals("analytic")) {
          assertTrue(outcome.path("found").asDouble() >= 0.75, outcome::toString);
        }
      }
      assertEquals(ratio, row.path("ratio").asDouble(), 1e-9);
    }
    assertTrue(run.out().getLast().startsWith("without task ids / with: "), run.out()::toString);
    assertTrue(
        run.err().stream().anyMatch(line -> line.startsWith("route: seed 2 of 2: brick 2 of 2")), run.err()::toString);
  }

  @Test
  void of_mixedBetterOnValidationRowsAndWorseOnTest_goesByValidation() {
    var outcomes = new TreeMap<String, RouteFigures.Outcome>();
    outcomes.put("arrow", new RouteFigures.Outcome(0.5, 0.6, 0.9, 0.7, 0.4));
    outcomes.put("prototypes", RouteFigures.Outcome.alone(0.8, 0.65, 0.8));
    var figures = RouteFigures.of(Machine.here(1), List.of("x"), 1, 1, List.of("arrow", "prototypes"),
        List.of(new RouteFigures.Trial(1, 2, 10, 10, 0.8, outcomes),
            new RouteFigures.Trial(2, 2, 10, 10, 0.5, outcomes)));
    RouteFigures.Row arrow = figures.routers().getFirst();
    assertTrue(arrow.mixes());
    assertEquals((0.4 / 0.8 + 0.4 / 0.5) / 2, arrow.ratio(), 1e-12);
    assertEquals(0.3 / Math.sqrt(2), arrow.deviation(), 1e-12);
    assertTrue(figures.text().endsWith("without task ids / with: 0.650 by arrow, the best on the validation rows"),
        figures.text());
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() throws IOException {
    String data = table().toString();
    refused("--seeds", "route", "--data", data, "--tasks", "2", "--seeds", "0");
    refused("did you mean arrow?", "route", "--data", data, "--tasks", "2", "--routers", "arow");
    refused("--tasks", "route", "--data", data, "--text", "text", "--label", "label");
  }

  private static void refused(String mentioned, String... arguments) {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(arguments));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
