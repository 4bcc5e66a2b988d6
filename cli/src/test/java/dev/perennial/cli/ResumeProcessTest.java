package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are stopped in a process of their own, and gone on with in this one. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class ResumeProcessTest {

  @TempDir Path dir;

  private List<Object> job(Path csv, Path store) {
    return List.of("learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 4,
        "--technique", "first-session-analytic", "--option", "epochs=4", "features=256", "rank=2", "--threads", 2,
        "--seed", 3, "--store", store);
  }

  /** Reads what a process says to people up to a line that begins so. */
  private static String readTo(String beginning, BufferedReader reader) throws IOException {
    var said = new ArrayList<String>();
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      said.add(line);
      if (line.startsWith(beginning)) {
        return line;
      }
    }
    throw new AssertionError("expected a line that begins with " + beginning + ", got " + said);
  }

  @Test
  void resume_afterSigkill_endsWithTheStateOfARunNeverKilled() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path whole = dir.resolve("whole");
    Cli.run(job(csv, whole)).succeeded();

    Path killed = dir.resolve("killed");
    Process process = Cli.start(job(csv, killed));
    try {
      readTo("experience 2/4", process.errorReader());
    } finally {
      process.destroyForcibly().waitFor();
    }
    int learned = Cli.json(Cli.run("inspect", "--store", killed, "--json").succeeded().out())
        .get("experiencesLearned").asInt();
    assertTrue(learned >= 1 && learned < 4, "it was killed in the middle, not after " + learned + " experiences");

    Cli.Outcome resumed = Cli.run("resume", "--store", killed).succeeded();
    assertTrue(resumed.err().contains("experience 4/4"), resumed.err());
    assertEquals(digest(whole), digest(killed));
    List<String> texts = List.of("a golden ring", "an owl");
    assertEquals(
        Cli.run("predict", "--store", whole, "--top", 4, "--threads", 2, texts).out(),
        Cli.run("predict", "--store", killed, "--top", 4, "--threads", 2, texts).out());
  }

  private static String digest(Path store) throws IOException {
    return Cli.json(Cli.run("inspect", "--store", store, "--json").succeeded().out()).get("stateDigest").asText();
  }

  @Test
  @Tag("heavy")
  void learn_stopped_saysHowToGoOnAndKeepsOthersOutUntilThen() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path store = dir.resolve("store");
    Process process = Cli.start("learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part",
        "--tasks", 2, "--technique", "fine-tune", "--option", "epochs=1000", "--threads", 1, "--store", store);
    try {
      BufferedReader said = process.errorReader();
      readTo("learning 1/2: step", said);
      Cli.run("resume", "--store", store).complains(1, "is being written by another process", "" + process.pid());
      // Process.destroy would close the streams, and the last words could not be read.
      process.toHandle().destroy();
      assertEquals("perennial: stopped; go on with ./perennial resume --store " + store, readTo("perennial:", said));
      assertEquals(128 + 15, process.waitFor());
      assertEquals("", new String(process.getInputStream().readAllBytes(), UTF_8));
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  @Tag("heavy")
  void demo_stopped_takesItsChildWithIt() throws IOException, InterruptedException {
    Path demo = dir.resolve("demo");
    Process process = Cli.start("demo", "--quick", "--out", demo);
    List<ProcessHandle> children;
    try {
      BufferedReader said = process.errorReader();
      readTo("WordNet: 540 rows to learn", said);
      children = process.children().toList();
      process.toHandle().destroy();
      readTo("perennial: stopped; ", said);
      assertEquals("perennial: stopped; begin again with ./perennial demo --out " + demo, readTo("perennial:", said));
      assertEquals(128 + 15, process.waitFor());
    } finally {
      process.destroyForcibly().waitFor();
    }
    assertEquals(1, children.size());
    assertFalse(children.getFirst().isAlive(), "the child outlives the demo");
  }
}
