package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class MedoidsBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withAFewRows_findsPamsMedoidsAndWritesFigures() throws IOException {
    Path json = directory.resolve("medoids.json");
    BenchRun run = BenchRun.of("medoids", "--rows", "240", "--medoids", "8", "--seed", "3", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(240, figures.path("rows").asInt());
    assertEquals(8, figures.path("medoids").asInt());
    JsonNode searches = figures.path("searches");
    List<String> names = List.of("PAM", "FastPAM1", "FasterPAM");
    assertEquals(6, searches.size());
    for (int i = 0; i < 6; i++) {
      JsonNode search = searches.path(i);
      JsonNode pam = searches.path(i / 3 * 3);
      assertEquals(names.get(i % 3), search.path("name").asText());
      assertEquals(i < 3 ? "build" : "random", search.path("start").asText());
      assertEquals(pam.path("seconds").asDouble() / search.path("seconds").asDouble(),
          search.path("speedUp").asDouble(), 1e-9);
      // FastPAM1 makes PAM's swaps; FasterPAM may end elsewhere, and not far from it.
      if (i % 3 < 2) {
        assertTrue(search.path("sameMedoids").asBoolean(), search::toString);
        assertEquals(pam.path("swaps").asInt(), search.path("swaps").asInt());
        assertEquals(pam.path("loss").asDouble(), search.path("loss").asDouble(), 1e-9);
      }
      assertEquals(pam.path("loss").asDouble(), search.path("loss").asDouble(), 0.05 * pam.path("loss").asDouble());
    }
    assertTrue(run.out().getLast().startsWith("FasterPAM / PAM from a random start: "), run.out()::toString);
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() {
    refused("--rows", "medoids", "--rows", "7");
    refused("--medoids", "medoids", "--rows", "40", "--medoids", "11");
    refused("--medoids", "medoids", "--medoids", "1");
  }

  private static void refused(String mentioned, String... arguments) {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(arguments));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
