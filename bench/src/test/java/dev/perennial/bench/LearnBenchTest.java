package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.stream.Experience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LearnBenchTest {

  /** Takes the script in, and prints what PyTorch could have. */
  private static final String PRINTS_TIMINGS = """
      cat > /dev/null
      echo a warning >&2
      echo '{"version": "0.0", "blas": "OpenBLAS", "seconds": [2.0, 4.0, 3.0]}'
      """;

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withAPeer_writesTheRatioOfTheMedians() throws IOException {
    JsonNode figures = figures(interpreter(PRINTS_TIMINGS));
    JsonNode peer = figures.path("torch");
    assertEquals("0.0", peer.path("version").asText());
    assertEquals("OpenBLAS", peer.path("blas").asText());
    assertEquals(6, peer.path("steps").path("timings").path("seconds").size());
    assertEquals(3.0, peer.path("steps").path("secondsPerStep").asDouble());
    double ours = figures.path("lora").path("secondsPerStep").asDouble();
    assertEquals(32 / ours, figures.path("lora").path("examplesPerSecond").asDouble(), 1e-9);
    assertEquals(3.0 / ours, figures.path("ratio").asDouble(), 1e-9);
    JsonNode analytic = figures.path("analytic");
    assertEquals(48, analytic.path("examples").asInt());
    assertEquals(64, analytic.path("features").asInt());
    for (String way : new String[] {"fromTexts", "fromCache"}) {
      double seconds = analytic.path(way).path("seconds").asDouble();
      assertTrue(seconds > 0, way);
      assertEquals(48 / seconds, analytic.path(way).path("examplesPerSecond").asDouble(), 1e-6);
    }
    assertTrue(figures.path("machine").path("libraries").asText().startsWith("libtorch"), figures::toString);
  }

  @Test
  void call_withAPeerThatHasNoTorch_givesOurFigureAloneAndSaysHowToGetIt() throws IOException {
    Path json = directory.resolve("learn.json");
    BenchRun run = run(json, interpreter("cat > /dev/null\nexit 3\n"));
    JsonNode figures = BenchRun.json(json);
    assertFalse(figures.has("ratio") || figures.has("torch"), figures::toString);
    assertTrue(figures.path("lora").path("secondsPerStep").asDouble() > 0);
    assertEquals(1, run.err().stream().filter(line -> line.contains("python3-torch")).count());
    assertTrue(run.out().getLast().startsWith("LoRA step: "), run.out()::toString);
  }

  private JsonNode figures(Path python) throws IOException {
    Path json = directory.resolve("learn.json");
    BenchRun run = run(json, python);
    assertTrue(run.out().getLast().startsWith("LoRA step, Perennial / PyTorch: "), run.out()::toString);
    return BenchRun.json(json);
  }

  private static BenchRun run(Path json, Path python) {
    return BenchRun.of("learn", "--steps", "1", "--examples", "48", "--features", "64", "--repeats", "1", "--peer",
        python.toString(), "--json", json.toString());
  }

  private Path interpreter(String script) throws IOException {
    Path file = directory.resolve("python");
    Files.writeString(file, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  @Test
  void run_withAPeerOnTheReferenceBlas_comparesNothing() throws IOException {
    var outcome = new TorchPeer(interpreter("cat > /dev/null\nexit 4\n").toString()).run(1, 0, 1);
    var unfit = assertInstanceOf(TorchPeer.Unfit.class, outcome);
    assertTrue(unfit.why().contains("libopenblas0-pthread"), unfit::why);
  }

  @Test
  void call_withAPeerThatDoesNotStart_isRefused() {
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of("learn", "--peer", "/no/python"));
    assertTrue(String.valueOf(refusal.getMessage()).contains("/no/python"), refusal::getMessage);
  }

  @Test
  void run_withAScriptThatFails_tellsItsLastLine() throws IOException {
    var peer = new TorchPeer(interpreter("cat > /dev/null\necho one\necho out of memory >&2\nexit 1\n").toString());
    var failure = assertThrows(FailureException.class, () -> peer.run(1, 0, 1));
    assertTrue(String.valueOf(failure.getMessage()).contains("out of memory"), failure::getMessage);
    var silent = new TorchPeer(interpreter("cat > /dev/null\n").toString());
    assertThrows(FailureException.class, () -> silent.run(1, 0, 1));
    var torn = new TorchPeer(interpreter("cat > /dev/null\necho '{\"seconds\": [1'\n").toString());
    assertThrows(FailureException.class, () -> torn.run(1, 0, 1));
  }

  @Test
  void experience_ofLoraSteps_hasTheShapesOfThePeer() {
    try (Backbone backbone = Backbones.load("minilm")) {
      Experience experience = LoraStep.experience(backbone);
      assertEquals(150, experience.train().stream().map(example -> example.label()).distinct().count());
      assertEquals(0, experience.train().size() % LoraStep.ROWS);
      assertEquals(experience.train().size(),
          experience.train().stream().map(example -> example.input()).distinct().count());
      backbone.prepare(experience.train().stream().map(example -> example.input()).toList())
          .forEach(row -> assertEquals(64, row.length()));
    }
  }

  @Test
  void call_withOptionsOutOfRange_isRefused() {
    for (String option : new String[] {"--threads", "--steps", "--examples", "--features", "--repeats"}) {
      var refusal = assertThrows(UsageException.class, () -> BenchRun.of("learn", option, "0"));
      assertTrue(String.valueOf(refusal.getMessage()).contains(option), refusal::getMessage);
    }
  }
}
