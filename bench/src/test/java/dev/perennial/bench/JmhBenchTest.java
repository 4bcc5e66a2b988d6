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

final class JmhBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withNoPattern_runsEveryBenchmark() throws IOException {
    Path json = directory.resolve("jmh.json");
    BenchRun.of("jmh", "--forks", "0", "--millis", "5", "--json", json.toString());
    JsonNode benchmarks = BenchRun.json(json).path("benchmarks");
    assertEquals(2, benchmarks.size());
    assertEquals("AnalyticHeadBenchmark.add", benchmarks.path(0).path("name").asText());
    assertEquals("RandomProjectionBenchmark.apply", benchmarks.path(1).path("name").asText());
    for (JsonNode benchmark : benchmarks) {
      assertTrue(benchmark.path("score").asDouble() > 0, benchmark::toString);
      assertEquals("ms/op", benchmark.path("unit").asText());
    }
  }

  @Test
  void call_withAPatternThatMatchesNothing_isRefused() {
    refused("nothingLikeIt");
    refused("(");
  }

  private static void refused(String pattern) {
    var refusal = assertThrows(
        UsageException.class, () -> BenchRun.of("jmh", pattern, "--forks", "0", "--millis", "5"));
    assertTrue(String.valueOf(refusal.getMessage()).contains(pattern), refusal::getMessage);
  }
}
