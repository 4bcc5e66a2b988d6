package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DriftBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_aFewStreams_findsLargeChangesAndNoneWhereThereIsNone() throws IOException {
    Path json = directory.resolve("drift.json");
    BenchRun run = BenchRun.of("drift", "--seeds", "2", "--before", "800", "--width", "8", "--json", json.toString());
    JsonNode lines = BenchRun.json(json).path("lines");
    assertEquals(18, lines.size());
    for (JsonNode line : lines) {
      double change = line.path("change").asDouble();
      boolean numbers = !line.path("detector").asText().equals("embedding distance");
      if (change == (numbers ? 0.1 : 0)) {
        assertEquals(0, line.path("found").asDouble(), line::toString);
      }
      if (change == (numbers ? 0.5 : 1)) {
        assertEquals(1, line.path("found").asDouble(), line::toString);
        assertTrue(line.path("delay").asInt() < 250, line::toString);
      }
    }
    assertEquals(19, run.out().size());
    assertThrows(UsageException.class, () -> BenchRun.of("drift", "--seeds", "0"));
  }
}
