package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LongBenchTest {

  @TempDir
  private Path directory = Path.of("");

  /** Twenty classes, each told by a word of its own, of six rows to learn and two to test on. */
  private Path table() throws IOException {
    var lines = new ArrayList<>(List.of("text,label,split"));
    String[] words = ("cat bank rain bread seven theory piano mountain river doctor cotton engine lemon prison camera silver"
        + " garden winter hammer king").split(" ");
    for (int row = 0; row < 160; row++) {
      lines.add("about the " + words[row % 20] + " no " + row / 20 + ",class" + row % 20 + "," + (row < 120 ? "train" : "test"));
    }
    return Files.write(directory.resolve("many.csv"), lines);
  }

  private String[] arguments(String... more) throws IOException {
    return Stream.concat(Stream.of("long", "--data", table().toString(), "--text", "text", "--label", "label", "--split",
        "split", "--threads", "1", "--option", "features=64", "--directory", directory.resolve("here").toString()),
        Stream.of(more)).toArray(String[]::new);
  }

  @Test
  void call_twentyTasks_countsWhatEachKeeps_andLeavesNothingBehind() throws IOException {
    Path json = directory.resolve("long.json");
    BenchRun run = BenchRun.of(arguments("--tasks", "20", "--technique", "g-acil", "--json", json.toString()));
    JsonNode figures = BenchRun.json(json);
    JsonNode tasks = figures.path("tasks");
    assertEquals(20, tasks.size());
    double worked = 0;
    for (int i = 0; i < 20; i++) {
      JsonNode task = tasks.path(i);
      assertEquals(i + 1, task.path("number").asInt());
      assertEquals(6, task.path("rows").asInt());
      assertEquals(i + 1, task.path("classes").asInt());
      assertTrue(task.path("seconds").asDouble() > 0, task::toString);
      // The processors' clock ticks a hundred times a second: of one task it may see nothing.
      worked += task.path("processorSeconds").asDouble();
      assertTrue(task.path("evaluateSeconds").asDouble() > 0, task::toString);
      assertTrue(task.path("storeBytes").asLong() > task.path("stateBytes").asLong(), task::toString);
    }
    assertTrue(worked > 0, "no processor worked");
    // Its columns of float32 weights and float64 sums grow with the classes.
    long before = tasks.path(14).path("stateBytes").asLong();
    assertEquals(before + 5 * 64 * (4 + 8), tasks.path(19).path("stateBytes").asLong(), 500);
    assertEquals(5.5, figures.path("early").path("classes").asDouble(), 0.5);
    assertEquals(18, figures.path("late").path("classes").asInt());
    assertEquals(figures.path("late").path("seconds").asDouble() / figures.path("early").path("seconds").asDouble(),
        figures.path("secondsRatio").asDouble(), 1e-9);
    assertTrue(figures.path("finalAccuracy").asDouble() > 0.5, figures::toString);
    assertTrue(run.out().getLast().startsWith("final accuracy "), run.out()::toString);
    try (var left = Files.list(directory.resolve("here"))) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void call_streamOfFewTasks_isRefused() throws IOException {
    String[] few = arguments("--tasks", "11");
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(few));
    assertTrue(String.valueOf(refusal.getMessage()).contains("at least 12 tasks, got 11"), refusal::getMessage);
  }

  @Test
  void median_ofTasks_isTakenNumberByNumber() {
    var tasks = List.of(new LongFigures.Task(1, 10, 5, 3, 6, 1, 100, 7), new LongFigures.Task(2, 30, 6, 1, 5, 2, 300, 9),
        new LongFigures.Task(3, 20, 7, 2, 4, 9, 200, 8));
    assertEquals(new LongFigures.Task(2, 20, 6, 2, 5, 2, 200, 8), LongFigures.Task.middle(tasks));
    assertEquals(2.5, LongFigures.median(List.of(1.0, 4.0, 3.0, 2.0), value -> value));
  }
}
