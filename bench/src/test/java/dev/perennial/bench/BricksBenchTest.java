package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BricksBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withAFewBricks_timesEverythingAndComparesMedians() throws IOException {
    Path json = directory.resolve("bricks.json");
    BenchRun run = BenchRun.of("bricks", "--bricks", "3", "--rows", "2", "--rounds", "2", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(3, figures.path("bricks").asInt());
    assertEquals(2, timings(figures.path("open")).seconds().size());
    assertEquals(2, timings(figures.path("list")).seconds().size());
    assertEquals(40, timings(figures.path("route")).seconds().size());
    Timings unlike = timings(figures.path("unlike"));
    Timings alike = timings(figures.path("alike"));
    assertEquals(10, unlike.seconds().size());
    assertEquals(alike.median() / unlike.median(), figures.path("ratio").asDouble(), 1e-9);
    assertTrue(
        run.out().getLast().startsWith("throughput of a batch with 2 unlike bricks / with one: "), run.out()::toString);
  }

  private static Timings timings(JsonNode node) {
    var seconds = new ArrayList<Double>();
    node.path("seconds").forEach(value -> seconds.add(value.asDouble()));
    return new Timings(seconds);
  }

  @Test
  void call_withMoreRowsThanBricks_isRefused() {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of("bricks", "--bricks", "3", "--rows", "4"));
    assertTrue(String.valueOf(refusal.getMessage()).contains("--rows"), String.valueOf(refusal.getMessage()));
  }
}
