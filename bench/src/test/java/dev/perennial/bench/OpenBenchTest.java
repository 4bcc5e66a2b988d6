package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class OpenBenchTest {

  private static final List<List<String>> WORDS = List.of(List.of("cat", "dog", "horse", "sheep"),
      List.of("bank", "money", "loan", "stock"), List.of("rain", "snow", "storm", "cloud"),
      List.of("bread", "soup", "rice", "cheese"), List.of("seven", "theory", "ugly", "parliament"));

  @TempDir
  private Path directory = Path.of("");

  /** Twenty-five rows of each of four classes, and as many of none of them. */
  private Path table() throws IOException {
    var lines = new ArrayList<>(List.of("text,label,split"));
    for (int row = 0; row < 125; row++) {
      var random = CounterRandom.of(1, row);
      List<String> words = WORDS.get(row % 5);
      lines.add("the " + words.get(random.below(0, 4)) + " and a " + words.get(random.below(1, 4)) + " " + row + ","
          + (row % 5 == 4 ? "none" : "class" + row % 5) + "," + (row < 100 ? "train" : "test"));
    }
    return Files.write(directory.resolve("words.csv"), lines);
  }

  private String[] arguments(String... more) throws IOException {
    return Stream.concat(Stream.of("open", "--data", table().toString(), "--text", "text", "--label", "label", "--split",
        "split", "--tasks", "2", "--threads", "1", "--option", "features=256"), Stream.of(more)).toArray(String[]::new);
  }

  @Test
  void call_easyClassesAndRowsOutside_tellsThemApartAndTeachesWhatWasLeftOut() throws IOException {
    Path json = directory.resolve("open.json");
    BenchRun run = BenchRun.of(arguments("--outside", "none", "--new", "1", "--keep", "0.75", "--json", json.toString()));
    JsonNode trial = BenchRun.json(json).path("trials").path(0);
    assertEquals(2, trial.path("stages").size());
    JsonNode last = trial.path("stages").path(1);
    assertEquals(4, last.path("classes").asInt());
    assertEquals(20, last.path("rows").asInt());
    assertEquals(5, last.path("outside").asInt());
    assertTrue(last.path("area").asDouble() > 0.75, last::toString);
    assertTrue(last.path("right").asDouble() <= last.path("kept").asDouble());
    assertTrue(last.path("rightAtKeep").asDouble() <= 0.75 + 1e-9);
    assertTrue(last.path("calibrationError").asDouble() < last.path("plainError").asDouble(), last::toString);
    JsonNode discovery = trial.path("discovery");
    assertEquals(5, discovery.path("newRows").asInt());
    assertTrue(discovery.path("accuracyBefore").asDouble() <= 0.75);
    assertEquals(last.path("accuracy").asDouble(), discovery.path("accuracyAfter").asDouble(), 0.051);
    assertTrue(run.out().getLast().startsWith("area 0."), run.out()::toString);
  }

  @Test
  void clusters_byHand_arePureWhereMostRowsAreOfOneLabel() {
    List<Example> rows = Stream.of("a", "a", "b", "b", "none", "none").map(label -> Example.of("x", label)).toList();
    var found = OpenTrial.clusters(new int[] {0, 0, 0, 1, 1, -1}, 2, rows, Set.of("a", "b"));
    assertEquals(5, found.rows());
    assertEquals(3 / 5.0, found.purity());
    // Pairs of a, a, b and b together in both: 1; in clusters: 3; in labels: 2; of 6: (1 - 1) / (2.5 - 1).
    assertEquals(0, found.adjustedRand(), 1e-12);
    assertTrue(found.hit() >= 1);
    var exact = OpenTrial.clusters(new int[] {1, 1, 0, 0, -1, -1}, 2, rows, Set.of("a", "b"));
    assertEquals(new OpenFigures.Clusters(2, 4, 1, 2, 1), exact);
  }

  @Test
  void call_whatCannotBeMeasured_isRefused() throws IOException {
    String[] noRows = arguments("--outside", "nothing");
    assertThrows(UsageException.class, () -> BenchRun.of(noRows));
    String[] tooMany = arguments("--outside", "none", "--new", "3");
    assertThrows(UsageException.class, () -> BenchRun.of(tooMany));
    String[] keep = arguments("--outside", "none", "--keep", "1.5");
    assertThrows(UsageException.class, () -> BenchRun.of(keep));
  }
}
