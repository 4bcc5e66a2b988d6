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

final class RecallBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_whereEveryLabelChanges_isSavedByTheMemory() throws IOException {
    Path json = directory.resolve("recall.json");
    BenchRun.of("recall", "--data", FewTexts.table(directory).toString(), "--text", "text", "--label", "label", "--split",
        "split", "--tasks", "1", "--features", "64", "--moved", "1", "--seeds", "2", "--threads", "1", "--recall-option",
        "halfLife=4", "bandwidth=0.05", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(4, figures.path("options").path("halfLife").asDouble());
    JsonNode before = figures.path("mean").path(0);
    JsonNode after = figures.path("mean").path(6);
    assertEquals("after", after.path("name").asText());
    assertEquals(24, before.path("rows").asInt() + after.path("rows").asInt());
    assertTrue(before.path("model").asDouble() > 0.9, figures::toString);
    assertTrue(after.path("model").asDouble() < 0.1, figures::toString);
    assertTrue(after.path("exact").asDouble() > 0.2, figures::toString);
    // Means over the parts after the change are those of all of them.
    double sum = 0;
    for (int part = 1; part < 6; part++) {
      JsonNode one = figures.path("trials").path(0).path("parts").path(part);
      sum += one.path("rows").asInt() * one.path("corrected").asDouble();
    }
    JsonNode whole = figures.path("trials").path(0).path("parts").path(6);
    assertEquals(whole.path("rows").asInt() * whole.path("corrected").asDouble(), sum, 1e-9);
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() throws IOException {
    refused("--moved", "--moved", "0");
    refused("--on", "--on", "train");
    refused("--seeds", "--seeds", "0");
    refused("bandwidth", "--recall-option", "bandwidth=3");
  }

  private void refused(String mentioned, String option, String value) throws IOException {
    String file = FewTexts.table(directory).toString();
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(
        "recall", "--data", file, "--text", "text", "--label", "label", "--tasks", "1", option, value));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
