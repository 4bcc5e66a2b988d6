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

final class CacheBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_aFewTexts_countsHitsThatAddUp() throws IOException {
    Path json = directory.resolve("cache.json");
    BenchRun run = BenchRun.of("cache", "--data", FewTexts.table(directory).toString(), "--text", "text", "--label",
        "label", "--split", "split", "--task", "task", "--tasks", "1", "--features", "64", "--asked", "300", "--thresholds",
        "0.3,1", "--threads", "1", "--json", json.toString());
    JsonNode lines = BenchRun.json(json).path("lines");
    assertEquals(List.of("zipf", "zipf", "zipf", "paraphrase", "paraphrase", "paraphrase"), lines.findValuesAsText("stream"));
    for (JsonNode line : lines) {
      JsonNode outcome = line.path("outcome");
      boolean zipf = line.path("stream").asText().equals("zipf");
      long texts = outcome.path("texts").asLong();
      long exact = outcome.path("exact").asLong();
      long near = outcome.path("near").asLong();
      assertEquals(zipf ? 300 : 24, texts);
      assertTrue(outcome.path("falseHits").asLong() <= near && exact + near <= texts);
      assertTrue(outcome.path("right").asLong() >= outcome.path("rightWithout").asLong() - outcome.path("falseHits").asLong());
      if (!zipf) {
        assertEquals(0, exact);
      }
      if (line.path("policy").asText().equals("1.00")) {
        assertEquals(0, near);
        assertEquals(outcome.path("right").asLong(), outcome.path("rightWithout").asLong());
        // Every text that was asked for before is kept.
        assertTrue(!zipf || texts - exact <= 24, outcome::toString);
      } else if (line.path("policy").asText().equals("0.30")) {
        assertTrue(near > 0, outcome::toString);
      }
    }
    assertTrue(run.out().getLast().startsWith("by category: {nature="), run.out()::toString);
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() throws IOException {
    refused("--thresholds", "1.5");
    refused("--exponent", "-1");
    refused("--false-hits", "1");
    refused("--quota", "0");
  }

  private void refused(String option, String value) throws IOException {
    String file = FewTexts.table(directory).toString();
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(
        "cache", "--data", file, "--text", "text", "--label", "label", "--tasks", "1", option, value));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(option) && message.lines().count() == 1, message);
  }
}
