package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.engine.Inspection;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A suite that is killed in a process of its own, and gone on with in this one. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
final class SuiteResumeProcessTest {

  @TempDir
  private Path dir = Path.of("");

  private List<Object> job(Path data, Path out) {
    return new ArrayList<>(List.of("split-fashion-mnist", "--data", data, "--techniques", "ncm,replay", "--seeds", 2,
        "--technique-option", "replay:epochs=40", "--buffer", 30, "--out", out));
  }

  @Test
  void suite_afterSigkill_goesOnToTheFiguresOfOneNeverKilled() throws IOException, InterruptedException {
    Path data = TinyImages.write(dir.resolve("images"), 40);
    Path killed = dir.resolve("killed");
    Process process = SuiteProcess.start(job(data, killed).toArray());
    try {
      readTo("ncm, seed 1: accuracy", process.errorReader());
      Path store = killed.resolve("runs/replay-seed-1/store");
      while (!committed(store)) {
        assertTrue(process.isAlive(), "the suite ended before its second run had a commit");
        Thread.onSpinWait();
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    Path first = killed.resolve("runs/ncm-seed-1/figures.json");
    String before = Files.readString(first);
    var modified = Files.getLastModifiedTime(first);
    assertFalse(Files.exists(killed.resolve("runs/replay-seed-1/figures.json")), "it was killed within that run");
    int learned = Inspection.of(killed.resolve("runs/replay-seed-1/store")).history().evaluations().size();
    assertTrue(learned >= 1 && learned < 5, "it was killed in the middle, not after " + learned + " experiences");

    Path json = dir.resolve("resumed.json");
    List<Object> again = job(data, killed);
    again.addAll(List.of("--json", json));
    SuiteProcess.Outcome resumed = SuiteProcess.run(again.toArray());
    assertEquals(0, resumed.exitCode(), resumed.complaint());
    assertFalse(resumed.err().contains("ncm, seed 1"), resumed.err());
    assertFalse(resumed.err().contains("replay, seed 1, experience 1/5"), resumed.err());
    assertEquals(before, Files.readString(first));
    assertEquals(modified, Files.getLastModifiedTime(first));

    Path whole = dir.resolve("whole.json");
    List<Object> unbroken = job(data, dir.resolve("unbroken"));
    unbroken.addAll(List.of("--json", whole));
    assertEquals(0, SuiteProcess.run(unbroken.toArray()).exitCode());
    assertEquals(digests(whole), digests(json));
    assertEquals(4, digests(json).size());
  }

  private static boolean committed(Path store) {
    if (!Files.exists(store.resolve("perennial.db"))) {
      return false;
    }
    try {
      return !Inspection.of(store).history().evaluations().isEmpty();
    } catch (FailureException notYet) {
      return !String.valueOf(notYet.getMessage()).contains("no commit yet");
    }
  }

  private static TreeMap<String, String> digests(Path json) throws IOException {
    var digests = new TreeMap<String, String>();
    for (JsonNode run : JsonMapper.builder().build().readTree(json.toFile())) {
      digests.put(run.path("technique").asText() + run.path("seed"), run.path("stateDigest").asText());
    }
    return digests;
  }

  /** Reads what a process says to people up to a line that begins so. */
  private static void readTo(String beginning, BufferedReader reader) throws IOException {
    var said = new ArrayList<String>();
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      said.add(line);
      if (line.startsWith(beginning)) {
        return;
      }
    }
    throw new AssertionError("expected a line that begins with " + beginning + ", got " + said);
  }
}
