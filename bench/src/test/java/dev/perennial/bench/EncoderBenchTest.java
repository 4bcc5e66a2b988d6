package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EncoderBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withAFewGlosses_writesFiguresThatAgreeWithEachOther() throws IOException {
    Path json = directory.resolve("encoder.json");
    BenchRun run = BenchRun.of("encoder", "--texts", "40", "--repeats", "2", "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(40, figures.path("texts").asInt());
    assertEquals(2, figures.path("repeats").asInt());
    for (String name : new String[] {"onnxRuntime", "perennial"}) {
      JsonNode side = figures.path(name);
      assertTrue(side.path("seconds").asDouble() > 0, name);
      assertEquals(2, side.path("timings").path("seconds").size(), name);
      assertEquals(40 / side.path("seconds").asDouble(), side.path("textsPerSecond").asDouble(), 1e-9);
      assertEquals(figures.path("tokens").asLong() / side.path("seconds").asDouble(),
          side.path("tokensPerSecond").asDouble(), 1e-6);
    }
    assertEquals(
        figures.path("perennial").path("textsPerSecond").asDouble()
            / figures.path("onnxRuntime").path("textsPerSecond").asDouble(),
        figures.path("ratio").asDouble(), 1e-9);
    double difference = figures.path("maxAbsDifference").asDouble();
    assertTrue(difference > 0 && difference <= 1e-4, () -> "difference " + difference);
    assertTrue(run.out().getLast().startsWith("Perennial / ONNX Runtime: "), run.out()::toString);
    assertTrue(run.err().contains("encoder: repeat 2 of 2"), run.err()::toString);
    JsonNode machine = figures.path("machine");
    assertEquals(2, machine.path("threads").asInt());
    assertTrue(machine.path("libraries").asText().startsWith("libtorch"), machine::toString);
    assertTrue(machine.path("java").asText().startsWith("25"), machine::toString);
    assertTrue(!machine.path("processor").asText().isEmpty(), machine::toString);
  }

  @Test
  void call_withATable_encodesEveryDistinctTextOnce() throws IOException {
    Path table = directory.resolve("table.csv");
    Files.writeString(table, "body,label\nwhere is my parcel,a\nwhere is my parcel,b\nI want my money back now,a\n");
    Path json = directory.resolve("encoder.json");
    BenchRun.of("encoder", "--data", table.toString(), "--text", "body", "--threads", "1", "--repeats", "1", "--json",
        json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(2, figures.path("texts").asInt());
    assertEquals(4 + 6 + 2 * 2, figures.path("tokens").asInt());
    assertTrue(figures.path("maxAbsDifference").asDouble() <= 1e-4, figures::toString);
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() {
    refused("--texts", "encoder", "--texts", "0");
    refused("--threads", "encoder", "--threads", "0");
    refused("--repeats", "encoder", "--repeats", "-1");
    refused("--json", "encoder", "--json", directory.toString());
    refused("--json", "encoder", "--json", directory.resolve("none/encoder.json").toString());
    refused("--data", "encoder", "--text", "body");
    refused("--text", "encoder", "--data", "table.csv");
    refused("no such file", "encoder", "--data", directory.resolve("none.csv").toString(), "--text", "body");
  }

  private static void refused(String mentioned, String... arguments) {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(arguments));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }

  @Test
  void difference_ofFeatures_isTheLargestAbsoluteOne() {
    float[][] rows = {{1, 2}, {3, 4}};
    assertEquals(0.5, EncoderComparison.difference(rows, new float[] {1, 2.25f, 2.5f, 4}));
    assertTrue(Double.isNaN(EncoderComparison.difference(rows, new float[] {1, 2, Float.NaN, 4})));
    assertThrows(IllegalArgumentException.class, () -> EncoderComparison.difference(rows, new float[5]));
  }

  @Test
  void requireShort_withACommandLineThatOnnxRuntimeDoesNotBear_refusesInOneLine() {
    ProcessCommandLine.requireShort(ProcessCommandLine.LONGEST);
    var refusal = assertThrows(
        FailureException.class, () -> ProcessCommandLine.requireShort(ProcessCommandLine.LONGEST + 1));
    assertTrue(String.valueOf(refusal.getMessage()).contains("8193"), refusal::getMessage);
  }
}
