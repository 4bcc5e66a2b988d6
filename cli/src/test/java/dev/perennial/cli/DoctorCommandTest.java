package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class DoctorCommandTest {

  @TempDir Path dir;

  @Test
  void doctor_ofAWholeStore_looksAtEverythingAndLeavesNothingBehind() throws IOException {
    Path csv = Words.csv(dir.resolve("wörter und mehr.csv"));
    Path store = dir.resolve("ein Lager");
    Cli.run("learn", Words.options(csv), "--store", store).succeeded();
    var before = Cli.snapshot(dir);
    Cli.Outcome outcome = Cli.run("doctor", "--store", store).succeeded();
    for (String what : new String[] {"java ", "processors", "memory", "libtorch", "backbone", "disk", "sync", "store"}) {
      assertTrue(outcome.out().lines().anyMatch(line -> line.contains("    " + what) || line.startsWith("ok    " + what)
          || line.startsWith("warn  " + what)), what + " in " + outcome.out());
    }
    assertTrue(outcome.out().contains("the newest is whole"), outcome.out());
    // What SQLite needs for any reader is no trace of a doctor.
    var after = new TreeSet<>(Cli.snapshot(dir).keySet());
    after.removeIf(file -> file.endsWith(".db-shm") || file.endsWith(".db-wal"));
    assertEquals(before.keySet(), after);
  }

  @Test
  void doctor_ofADamagedStore_failsAndSaysWhatToDo() throws IOException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path store = dir.resolve("store");
    Cli.run("learn", Words.options(csv), "--store", store).succeeded();
    try (var blobs = Files.list(store.resolve("blobs"))) {
      for (Path blob : blobs.toList()) {
        Files.delete(blob);
      }
    }
    Cli.Outcome outcome = Cli.run("doctor", "--store", store);
    assertEquals(1, outcome.exitCode());
    assertTrue(outcome.out().contains("fail  store"), outcome.out());
    assertTrue(outcome.err().contains("1 of 9 checks failed"), outcome.err());
  }

  @Test
  @Tag("heavy")
  void coldStart_ofAStore_partsAddUpAndLeaveOutWhatOnlyLearningNeeds() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path store = dir.resolve("store");
    Cli.run("learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--option",
        "features=1024", "--threads", 2, "--store", store).succeeded();
    Path json = dir.resolve("start.json");
    Process process = Cli.startIn(Path.of(""), Main.class, "doctor", "--cold-start", "--store", store, "--repeats", 2,
        "--json", json);
    String out = process.inputReader().readAllAsString();
    assertEquals(0, process.waitFor(), out);
    assertTrue(out.contains("Process start to first prediction:"), out);
    JsonNode figures = Cli.json(json);
    double sum = 0;
    for (JsonNode part : figures.get("parts")) {
      assertTrue(part.asDouble() >= 0, figures::toString);
      sum += part.asDouble();
    }
    assertEquals(figures.get("fastest").asDouble(), sum, 1e-9);
    assertEquals(2, figures.get("runs").size());
    assertEquals(7, figures.get("parts").size());

    // The sums that only learning needs are the largest blob: a prediction does not even look at them.
    String expected = Cli.run("predict", "--store", store, "--top", 4, "an owl").succeeded().out();
    try (var blobs = Files.list(store.resolve("blobs"))) {
      Path largest = blobs.max((a, b) -> Long.compare(a.toFile().length(), b.toFile().length())).orElseThrow();
      Files.delete(largest);
    }
    assertEquals(expected, Cli.run("predict", "--store", store, "--top", 4, "an owl").succeeded().out());
  }

  @Test
  void doctor_badRequests_areOneLine() {
    Cli.run("doctor", "--cold-start", "--store", dir).complains(2, "expected a store in", "none");
    Cli.run("doctor", "--cold-start", "--repeats", 0).complains(2, "--repeats", "got 0");
  }
}
