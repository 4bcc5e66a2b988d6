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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShrinkBenchTest {

  private static final List<String> METALS = List.of("iron", "copper", "zinc", "gold", "lead", "tin");
  private static final List<String> BIRDS = List.of("owl", "crow", "eagle", "finch", "heron", "gull");

  @TempDir
  private Path directory = Path.of("");

  private Path table() throws IOException {
    var lines = new StringBuilder("text,label,part\n");
    for (int i = 0; i < METALS.size(); i++) {
      String part = i % 2 == 0 ? "train" : "test";
      lines.append("the ").append(METALS.get(i)).append(" is here,metal,").append(part).append('\n');
      lines.append("the ").append(BIRDS.get(i)).append(" is here,bird,").append(part).append('\n');
    }
    return Files.writeString(directory.resolve("words.csv"), lines);
  }

  @Test
  void call_nestedOnAFewTexts_writesACurveAgainstFullPrecision() throws IOException {
    Path json = directory.resolve("shrink.json");
    BenchRun run = BenchRun.of("shrink", "--data", table().toString(), "--text", "text", "--label", "label", "--split",
        "part", "--methods", "nested", "--bits", "4,1", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(6, figures.path("learned").asInt());
    assertEquals(6, figures.path("tested").asInt());
    JsonNode rows = figures.path("rows");
    assertEquals(List.of("full precision", "nested 8 bits", "nested 4 bits", "nested 1 bits"), rows.findValuesAsText("name"));
    assertEquals(1, rows.path(0).path("keptRatio").asDouble());
    for (int i = 1; i < rows.size(); i++) {
      assertTrue(rows.path(i).path("distance").asDouble() > rows.path(i - 1).path("distance").asDouble());
      assertTrue(rows.path(i).path("megabytes").asDouble() < rows.path(i - 1).path("megabytes").asDouble());
      assertEquals(rows.path(i).path("anew").asDouble() / rows.path(0).path("anew").asDouble(),
          rows.path(i).path("anewRatio").asDouble(), 1e-12);
    }
    assertTrue(String.join("\n", run.out()).contains("nested 4 bits"));
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() throws IOException {
    refused("--methods", "--methods", "zip");
    refused("--bits", "--bits", "40");
    refused("--seeds", "--seeds", "0");
  }

  private void refused(String mentioned, String option, String value) throws IOException {
    String file = table().toString();
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(
        "shrink", "--data", file, "--text", "text", "--label", "label", option, value));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
