package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SnapshotsBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void stall_ofTimings_isTheCopyAndWhatStepsAreSlower() {
    var stall = SnapshotFigures.Stall.of(
        10, new Timings(List.of(0.5, 0.5, 0.5)), 0.6, 2, new Timings(List.of(0.1, 0.2, 0.3)));
    assertEquals(0.2 / 50, stall.copyShare(), 1e-12);
    assertEquals(0.2 / 50 + 2 * 0.1 / 50, stall.share(), 1e-12);
    var faster = SnapshotFigures.Stall.of(10, new Timings(List.of(0.5)), 0.4, 2, new Timings(List.of(0.2)));
    assertEquals(faster.copyShare(), faster.share(), 1e-12);
  }

  @Test
  void call_small_measuresAllAndLeavesNothingBehind() throws IOException {
    Path json = directory.resolve("snapshots.json");
    Path place = directory.resolve("place with a space");
    BenchRun run = BenchRun.of("snapshots", "--steps", "4", "--between", "2", "--megabytes", "4", "--rounds", "2", "--dir",
        place.toString(), "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertTrue(figures.path("stall").path("stateBytes").asLong() > 100_000);
    assertTrue(figures.path("stall").path("copyShare").asDouble() > 0);
    assertTrue(figures.path("stall").path("share").asDouble() >= figures.path("stall").path("copyShare").asDouble());
    JsonNode bandwidth = figures.path("bandwidth");
    assertEquals(4_000_000, bandwidth.path("bytes").asLong());
    assertTrue(bandwidth.path("ratio").asDouble() > 0);
    assertTrue(run.out().getLast().startsWith("a snapshot every 100 steps takes "), run.out()::toString);
    try (var left = Files.list(place)) {
      assertEquals(List.of(), left.toList());
    }
  }

  @Test
  void call_outOfRange_isRefused() {
    assertThrows(UsageException.class, () -> BenchRun.of("snapshots", "--steps", "0"));
    assertThrows(UsageException.class, () -> BenchRun.of("snapshots", "--megabytes", "0"));
    assertThrows(UsageException.class, () -> BenchRun.of("kills", "--rounds", "0"));
  }

  @Test
  @Tag("heavy")
  void kills_few_findsTheStatesOfARunNeverKilled() throws IOException {
    Path json = directory.resolve("kills.json");
    BenchRun run = BenchRun.of("kills", "--rounds", "3", "--json", json.toString(), "--dir", directory.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(3, figures.path("kills").asInt());
    assertEquals(3, figures.path("identical").asInt());
    assertTrue(run.out().getLast().startsWith("3 of 3 kills: "), run.out()::toString);
  }
}
