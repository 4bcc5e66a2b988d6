package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.engine.Inspection;
import dev.perennial.restart.Corrections;
import dev.perennial.restart.Decision;
import dev.perennial.restart.Decision.Kind;
import dev.perennial.restart.QuarantinedRow;
import dev.perennial.restart.RestartLog;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A supervisor and its learners, each a process: killed, poisoned, stuck and diverged. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
@Tag("heavy")
final class SupervisedProcessTest {

  private static final int KILLS = 4;

  @TempDir Path dir;

  private List<Object> job(Path csv, String store, Object... more) {
    var words = new ArrayList<Object>(List.of("--data", csv, "--text", "text", "--label", "label", "--split", "part",
        "--tasks", 2, "--threads", 1, "--seed", 3, "--store", dir.resolve(store)));
    words.addAll(List.of(more));
    return words;
  }

  private Process supervised(List<Object> job) throws IOException {
    return process(List.of("run", "--supervised", "--pause", 0), job).start();
  }

  /** A command with the fragile technique on its class path. */
  private ProcessBuilder process(List<Object> command, List<Object> job) throws IOException {
    Path services = Files.createDirectories(dir.resolve("own/META-INF/services"));
    Files.writeString(services.resolve("dev.perennial.learn.Method"), Fragile.class.getName() + "\n");
    ProcessBuilder builder = Cli.process(Path.of(""), Main.class, command, job)
        .redirectOutput(new File("/dev/null"));
    builder.environment().merge("CLASSPATH", dir.resolve("own").toString(), (path, own) -> own + File.pathSeparator + path);
    return builder;
  }

  private List<Decision> decisions(String store) {
    return RestartLog.read(dir.resolve(store));
  }

  private JsonNode inspected(String store) throws IOException {
    return Cli.json(Cli.run("inspect", "--store", dir.resolve(store), "--json").succeeded().out());
  }

  @Test
  void supervised_learnerKilledAtRandomMoments_endsWithTheStateOfOneNeverKilled()
      throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Object[] technique = {"--technique", "fine-tune", "--option", "epochs=3", "batch=4"};
    Cli.run(List.of("learn"), job(csv, "whole", technique)).succeeded();
    Process supervisor = supervised(job(csv, "killed", technique));
    var random = new Random(7);
    try (BufferedReader said = supervisor.errorReader()) {
      int kills = 0;
      int lines = 0;
      for (String line = said.readLine(); line != null; line = said.readLine()) {
        lines++;
        // Each learner says what it reads before it learns: so many lines later, or at the end, it is shot.
        if (line.startsWith("words.csv:") && kills < KILLS) {
          List<ProcessHandle> learners = supervisor.children().toList();
          learners.getFirst().onExit().orTimeout(random.nextInt(400), TimeUnit.MILLISECONDS).exceptionally(e -> null).join();
          kills += learners.getFirst().destroyForcibly() ? 1 : 0;
        }
      }
      assertTrue(lines > KILLS, "lines " + lines);
    }
    assertEquals(0, supervisor.waitFor());
    List<Decision> restarts = decisions("killed").stream().filter(it -> it.kind() == Kind.RESTART).toList();
    assertTrue(restarts.size() >= 2, "killed " + restarts.size() + " times");
    assertTrue(restarts.getFirst().why().contains("killed by signal 9"), restarts.getFirst().why());
    assertEquals(inspected("whole").get("stateDigest"), inspected("killed").get("stateDigest"));
    assertTrue(Corrections.of(dir.resolve("killed")).quarantined().isEmpty());
  }

  @Test
  void supervised_poisonRow_isQuarantinedAndTheRestIsLearned() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Files.writeString(csv, Files.readString(csv) + "a plutonium pudding,metal,train\n");
    Process supervisor = supervised(job(csv, "poisoned", "--technique", "fragile", "--option", "deadly=plutonium"));
    String said = supervisor.errorReader().readAllAsString();
    assertEquals(0, supervisor.waitFor(), said);
    List<QuarantinedRow> rows = Corrections.of(dir.resolve("poisoned")).quarantined();
    assertTrue(rows.stream().anyMatch(row -> row.input().equals("a plutonium pudding") && row.label().equals("metal")),
        rows::toString);
    assertTrue(rows.size() <= 4, "no more than a batch: " + rows);
    assertTrue(said.contains("supervisor: " + rows.size() + " rows are left out"), said);
    assertEquals(List.of(Kind.START, Kind.RESTART, Kind.QUARANTINE, Kind.FINISH),
        decisions("poisoned").stream().map(Decision::kind).toList());
    assertEquals(2, Inspection.of(dir.resolve("poisoned")).history().evaluations().size());
  }

  @Test
  void supervised_stuckLearner_isEndedAndStartedAgain() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path once = dir.resolve("blocked");
    Process supervisor = supervised(job(csv, "stuck", "--stuck-after", 4, "--technique", "fragile", "--option",
        "blocking=owl", "once=" + once));
    String said = supervisor.errorReader().readAllAsString();
    assertEquals(0, supervisor.waitFor(), said);
    assertTrue(Files.exists(once));
    assertTrue(said.contains("supervisor: the learner was silent for "), said);
    Decision restart = decisions("stuck").stream().filter(it -> it.numbers().containsKey("silence")).findFirst()
        .orElseThrow();
    assertTrue(restart.numbers().getOrDefault("silence", 0.0) >= 4, restart::toString);
    assertEquals(2, Inspection.of(dir.resolve("stuck")).history().evaluations().size());
  }

  @Test
  void supervised_divergingLearner_isRolledBackAndEndsFinite() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    // Decay multiplies the weights by 1 - 0.38 rate a step: by -2.8, and by -0.9 at half the rate.
    Process supervisor = supervised(job(csv, "diverged", "--technique", "fine-tune", "--option", "rate=10",
        "optimiser=sgd", "decay=0.38", "warmup=0", "schedule=constant", "epochs=9", "batch=2"));
    String said = supervisor.errorReader().readAllAsString();
    assertEquals(0, supervisor.waitFor(), said);
    assertEquals("5.0", Corrections.of(dir.resolve("diverged")).options().get("rate"));
    assertEquals(List.of(Kind.START, Kind.ROLLBACK, Kind.FINISH),
        decisions("diverged").stream().map(Decision::kind).toList());
    assertTrue(said.contains("supervisor: rollback: the loss is not finite any more"), said);
    assertEquals(2, inspected("diverged").get("experiencesLearned").asInt());
  }

  @Test
  void supervised_stopped_takesItsLearnerWithItAndLogsNoFailure() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Process supervisor = supervised(job(csv, "stopped", "--technique", "fine-tune", "--option", "epochs=1000"));
    List<ProcessHandle> learners;
    try (BufferedReader said = supervisor.errorReader()) {
      String line = said.readLine();
      while (line != null && !line.startsWith("learning 1/2: step")) {
        line = said.readLine();
      }
      learners = supervisor.children().toList();
      supervisor.toHandle().destroy();
      String rest = said.readAllAsString();
      assertTrue(rest.contains("perennial: stopped; go on with the same command"), rest);
    }
    assertEquals(128 + 15, supervisor.waitFor());
    assertEquals(1, learners.size());
    assertFalse(learners.getFirst().isAlive());
    assertEquals(List.of(Kind.START), decisions("stopped").stream().map(Decision::kind).toList());
  }

  @Test
  void run_again_goesOnAndOfAnotherRunIsRefused() throws IOException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Cli.run(List.of("run"), job(csv, "store", "--technique", "ncm")).succeeded();
    String digest = inspected("store").get("stateDigest").asText();
    Cli.run(List.of("run"), job(csv, "store", "--technique", "ncm")).succeeded();
    assertEquals(digest, inspected("store").get("stateDigest").asText());
    Cli.run(List.of("run"), job(csv, "store", "--technique", "fine-tune"))
        .complains(2, "expected the run that the store", "ncm", "resume");
    Cli.run(List.of("run"), job(csv, "other", "--supervised", "--stuck-after", 0)).complains(2, "above 0", "stuck");
    Cli.run(List.of("run"), job(csv, "other", "--supervised", "--margin", 101)).complains(2, "--margin", "101");
  }
}
