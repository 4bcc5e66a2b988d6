package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.bench.suite.TinyImages;
import dev.perennial.engine.RunSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LoopBenchTest {

  private static final int EXAMPLES = 200;

  /** Notes what it is told, and answers as PyTorch could: with seed 0 in 100 s, with any other in twice the seed. */
  private static final String PRINTS_RUNS = """
      echo a warning >&2
      echo '{"version": "0.0", "blas": "OpenBLAS"}'
      while read technique seed; do
        echo "$technique $seed" >> %s
        [ "$seed" = 0 ] && seconds=100 || seconds=$((2 * seed))
        echo "{\\"seconds\\": $seconds, \\"examples\\": 200, \\"accuracy\\": 0.$seed}"
      done
      """;

  @TempDir
  private Path directory = Path.of("");

  private Path data = Path.of("");

  @BeforeEach
  void writeImages() throws IOException {
    data = TinyImages.write(directory.resolve("images"), EXAMPLES / 10);
  }

  private BenchRun run(Path python, Object... more) {
    var arguments = new ArrayList<Object>(List.of("loop", "--data", data, "--peer", python));
    arguments.addAll(Arrays.asList(more));
    return BenchRun.of(arguments.stream().map(Object::toString).toArray(String[]::new));
  }

  private Path interpreter(String script) throws IOException {
    Path file = directory.resolve("python");
    Files.writeString(file, "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  @Test
  void call_withAPeer_warmsUpThenAlternatesAndComparesMediansAndBests() throws IOException {
    Path told = directory.resolve("told");
    Path json = directory.resolve("loop.json");
    BenchRun run = run(interpreter(PRINTS_RUNS.formatted(told)), "--techniques", "der++,replay", "--rounds", "3",
        "--json", json);
    assertEquals(List.of("der++ 0", "replay 0", "der++ 1", "replay 1", "der++ 2", "replay 2", "der++ 3", "replay 3"),
        Files.readAllLines(told));
    JsonNode figures = BenchRun.json(json);
    assertEquals(EXAMPLES, figures.path("examples").asInt());
    assertEquals(3, figures.path("rounds").asInt());
    assertEquals(1, figures.path("machine").path("threads").asInt());
    assertEquals("0.0", figures.path("torch").path("version").asText());
    assertEquals("OpenBLAS", figures.path("torch").path("blas").asText());
    assertEquals(2, figures.path("techniques").size());
    for (int i = 0; i < 2; i++) {
      JsonNode row = figures.path("techniques").path(i);
      assertEquals(i == 0 ? "der++" : "replay", row.path("technique").asText());
      JsonNode peer = row.path("torch");
      assertEquals(EXAMPLES / 4.0, peer.path("examplesPerSecond").asDouble(), 1e-9);
      assertEquals(EXAMPLES / 2.0, peer.path("bestExamplesPerSecond").asDouble(), 1e-9);
      assertEquals(0.2, peer.path("accuracy").asDouble(), 1e-9);
      Timings ours = timings(row.path("perennial"));
      assertEquals(3, ours.seconds().size());
      assertEquals(4 / ours.median(), row.path("ratio").asDouble(), 1e-6);
      assertEquals(2 / ours.best(), row.path("bestRatio").asDouble(), 1e-6);
      assertEquals(
          row.path("ratio").asDouble() * (i == 0 ? 4 : 4.4), row.path("avalancheEstimated").asDouble(), 1e-6);
    }
    assertTrue(run.out().stream().anyMatch(line -> line.contains("Avalanche (estimated)")), run.out()::toString);
    assertTrue(
        run.out().getLast().startsWith("Perennial / PyTorch loop, examples a second: der++ "), run.out()::toString);
    assertTrue(run.err().stream().anyMatch(line -> line.startsWith("loop: round 3 of 3, about ")), run.err()::toString);
  }

  private static Timings timings(JsonNode side) {
    var seconds = new ArrayList<Double>();
    side.path("timings").path("seconds").forEach(value -> seconds.add(value.asDouble()));
    return new Timings(seconds);
  }

  @Test
  void call_withAPeerThatIsNotFit_givesOurFiguresAloneAndSaysWhy() throws IOException {
    Path json = directory.resolve("loop.json");
    String[] packages = {"python3-torch", "libopenblas0-pthread"};
    for (int i = 0; i < 2; i++) {
      String missing = packages[i];
      BenchRun run = run(interpreter("exit " + (3 + i) + "\n"), "--rounds", "2", "--json", json);
      assertEquals(1, run.err().stream().filter(line -> line.contains(missing)).count(), run.err()::toString);
      JsonNode figures = BenchRun.json(json);
      assertFalse(figures.has("torch"), figures::toString);
      assertEquals(3, figures.path("techniques").size());
      for (JsonNode row : figures.path("techniques")) {
        assertFalse(row.has("ratio") || row.has("torch") || row.has("avalancheEstimated"), row::toString);
        JsonNode ours = row.path("perennial");
        Timings timings = timings(ours);
        assertEquals(2, timings.seconds().size());
        assertEquals(EXAMPLES / timings.median(), ours.path("examplesPerSecond").asDouble(), 1e-6);
        assertEquals(EXAMPLES / timings.best(), ours.path("bestExamplesPerSecond").asDouble(), 1e-6);
        assertTrue(ours.path("accuracy").asDouble() > 0, row::toString);
      }
      assertTrue(run.out().getLast().matches("examples/s: fine-tune [\\d.,]+, replay [\\d.,]+, der\\+\\+ [\\d.,]+"),
          run.out()::toString);
      assertTrue(run.out().stream().noneMatch(line -> line.contains("Avalanche")), run.out()::toString);
    }
  }

  @Test
  void call_withAPeerThatEndsEarlyOrAnswersNonsense_tellsWhatItSaid() throws IOException {
    String ready = "echo '{\"version\": \"0.0\", \"blas\": \"MKL\"}'\nread told\n";
    failed("out of memory", ready + "echo out of memory >&2\nexit 1\n");
    failed("{\"error\":1}", ready + "echo '{\"error\": 1}'\nread more\n");
    failed("exit code 5", "exit 5\n");
  }

  private void failed(String mentioned, String script) throws IOException {
    Path python = interpreter(script);
    var failure = assertThrows(FailureException.class, () -> run(python, "--techniques", "fine-tune", "--rounds", "1"));
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }

  @Test
  void run_ofOurs_forgetsAlone_andRemembersWithAMemory() throws IOException {
    var learner = LoopLearner.of(TinyImages.writeRows(directory.resolve("rows"), 1000), 1, Clock.systemUTC());
    for (LoopTechnique technique : LoopTechnique.values()) {
      learned(technique, learner.run(technique, 1));
    }
  }

  /** Where Debian's Python has no PyTorch, that is said, and there is nothing to compare. */
  @Test
  void run_ofTheScriptInDebiansPython_learnsAsOursOrSaysWhyNot() throws IOException {
    Path rows = TinyImages.writeRows(directory.resolve("rows"), 1000);
    var err = new StringWriter();
    Optional<LoopPeer> started = LoopPeer.start(null, rows, 1, LoopLearner.MEMORY, new PrintWriter(err, true));
    assertEquals(started.isEmpty(), err.toString().contains("so there is no ratio"), err::toString);
    if (started.isPresent()) {
      try (LoopPeer peer = started.get()) {
        for (LoopTechnique technique : LoopTechnique.values()) {
          learned(technique, peer.run(technique, 1));
        }
      }
    }
  }

  private static void learned(LoopTechnique technique, LoopRun run) {
    assertEquals(10_000, run.examples());
    assertTrue(run.seconds() > 0, run::toString);
    // The last 2 of 10 classes are what is left where nothing is kept.
    assertEquals(technique == LoopTechnique.FINE_TUNE ? 0.2 : 1, run.accuracy(), 0.1, technique.id());
  }

  @Test
  void spec_ofATechnique_asksForWhatTheLoopDoes() {
    var learner = LoopLearner.of(data, 1, Clock.systemUTC());
    RunSpec replay = learner.spec(LoopTechnique.REPLAY, 7);
    assertEquals("reservoir", replay.options().get("keep"));
    assertEquals("step", replay.options().get("offer"));
    for (LoopTechnique technique : LoopTechnique.values()) {
      RunSpec spec = learner.spec(technique, 7);
      assertEquals(technique.id(), spec.technique());
      assertEquals("10", spec.options().get("outputs"));
      assertEquals("0.05", spec.options().get("rate"));
      assertEquals("32", spec.options().get("batch"));
      assertEquals(technique == LoopTechnique.FINE_TUNE ? null : "500", spec.options().get("memory"));
      assertEquals(5, spec.tasks());
      assertEquals("sorted", spec.scenario().options().get("classes"));
      assertEquals(7, spec.seed());
      assertEquals(1, spec.threads());
    }
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() {
    refused("--threads", "--threads", "0");
    refused("--rounds", "--rounds", "0");
    refused("did you mean replay?", "--techniques", "fine-tune,reply");
    refused("each once", "--techniques", "replay,replay");
    refused("--json", "--json", directory.toString());
    refused("train-images-idx3-ubyte", "--data", directory.toString());
    refused("dataset-fashion-mnist", "--data", directory.resolve("none").toString());
    refused("/no/python", "--data", data.toString(), "--peer", "/no/python", "--techniques", "fine-tune");
  }

  private static void refused(String mentioned, String... options) {
    var arguments = new ArrayList<>(List.of("loop"));
    arguments.addAll(Arrays.asList(options));
    var refusal = assertThrows(UsageException.class, () -> BenchRun.of(arguments.toArray(String[]::new)));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
