package dev.perennial.restart;

import static dev.perennial.restart.Script.because;
import static dev.perennial.restart.Script.ended;
import static dev.perennial.restart.Script.said;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.data.Example;
import dev.perennial.restart.Decision.Kind;
import dev.perennial.restart.Script.Line;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Scenario;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SupervisorTest {

  private static final int KILLED = 137;

  @TempDir Path dir;

  /** A learner that comes to a step of experience 0, having committed what was before, and ends there. */
  private static Function<Orders, List<Line>> dies(long step, int exitCode) {
    return orders -> {
      var lines = new ArrayList<>(List.of(said(3, Signal.Kind.OPENED, 0, 0)));
      if (orders.suspectExperience() == 0) {
        var rows = List.of(new QuarantinedRow(0, 4, "bird", "an owl", orders.suspectStep(), ""),
            new QuarantinedRow(0, 6, "bird", "a crow", orders.suspectStep(), ""));
        lines.add(new Line(0, new Attempt.Event.Said(
            new Signal(Signal.Kind.SUSPECTS, 0, orders.suspectStep(), 0, "", rows))));
      }
      lines.add(said(1, Signal.Kind.BEGAN, 0, 0));
      for (long i = 1; i <= step; i++) {
        lines.add(said(2, Signal.Kind.STEPPED, 0, i));
      }
      lines.add(ended(1, exitCode));
      return lines;
    };
  }

  private static List<Line> diverges(Signal.Kind kind) {
    return List.of(new Line(1, new Attempt.Event.Said(new Signal(Signal.Kind.OPENED, 0, 0, 0.8, "rate", List.of()))),
        said(1, Signal.Kind.BEGAN, 0, 0), because(kind, "it is off"), ended(0, 1));
  }

  private static Function<Orders, List<Line>> learnsAll() {
    return orders -> List.of(said(3, Signal.Kind.OPENED, 0, 0), said(1, Signal.Kind.BEGAN, 0, 0),
        said(1, Signal.Kind.STEPPED, 0, 1), said(0, Signal.Kind.COMMITTING, 0, 1),
        said(2, Signal.Kind.COMMITTED, 0, 1), ended(0, 0));
  }

  private List<Kind> kinds() {
    return RestartLog.read(dir).stream().map(Decision::kind).toList();
  }

  private double number(int decision, String name) {
    return RestartLog.read(dir).get(decision).numbers().getOrDefault(name, Double.NaN);
  }

  @Test
  void run_thatDoesNotFail_isStartedOnce() {
    var script = Script.of(learnsAll());
    assertEquals(new Supervisor.Outcome(0, 0, 0, 0), script.play(SupervisionOptions.DEFAULT, dir));
    assertEquals(List.of(Kind.START, Kind.FINISH), kinds());
    assertEquals(7, number(1, "ranFor"), 1e-6);
  }

  @Test
  void restart_afterDeathsWithoutProgress_pausesTwiceAsLongAndGivesUp() {
    var script = Script.of(o -> List.of(said(3, Signal.Kind.OPENED, 0, 0), ended(1, KILLED)));
    assertEquals(KILLED, script.play(SupervisionOptions.DEFAULT, dir).exitCode());
    assertEquals(List.of(1.0, 2.0, 4.0, 8.0, 16.0), script.pauses);
    assertEquals(Kind.GIVE_UP, kinds().getLast());
    assertTrue(script.said.getLast().startsWith("supervisor: giving up: 5 restarts in a row came no further; the last time"
        + " was killed by signal 9 while it was opening data and model"), script.said.getLast());
  }

  @Test
  void restart_afterACommit_beginsItsPausesAnew() {
    Function<Orders, List<Line>> commits = o -> List.of(said(3, Signal.Kind.OPENED, 0, 0),
        said(1, Signal.Kind.BEGAN, 0, 0), said(2, Signal.Kind.STEPPED, 0, 1), said(0, Signal.Kind.COMMITTING, 0, 1),
        said(1, Signal.Kind.COMMITTED, 0, 1), said(2, Signal.Kind.STEPPED, 0, 2), ended(1, KILLED));
    var script = Script.of(dies(0, KILLED), dies(1, KILLED), commits, dies(3, KILLED), learnsAll());
    assertEquals(0, script.play(SupervisionOptions.DEFAULT, dir).exitCode());
    assertEquals(List.of(1.0, 2.0, 1.0, 2.0), script.pauses);
    assertEquals(1, script.orders.get(3).snapshotSeconds() > 0 ? 1 : 0, "a snapshot was measured");
    double mean = number(3, "meanTimeBetweenFailures");
    assertEquals((86_400 + 5 + 7 + 10) / 4.0, mean, 1e-6);
    assertEquals(SnapshotInterval.daly(1, mean), script.orders.get(3).snapshotSeconds(), 1e-6);
    assertEquals(SnapshotInterval.daly(1, mean), number(3, "snapshotInterval"), 1e-6);
    assertEquals(2, script.orders.get(3).stepSeconds(), 1e-6);
  }

  @Test
  void quarantine_afterTwoDeathsInOneStep_leavesItsRowsOut() {
    var script = Script.of(dies(2, KILLED), dies(2, KILLED), learnsAll());
    assertEquals(new Supervisor.Outcome(0, 2, 0, 2), script.play(SupervisionOptions.DEFAULT, dir));
    assertEquals(List.of(Kind.START, Kind.RESTART, Kind.QUARANTINE, Kind.FINISH), kinds());
    assertEquals(2, script.orders.get(1).suspectStep());
    assertEquals(-1, script.orders.get(2).suspectExperience());
    List<QuarantinedRow> rows = Corrections.of(dir).quarantined();
    assertEquals(List.of(4, 6), rows.stream().map(QuarantinedRow::row).toList());
    assertTrue(rows.getFirst().why().contains("died twice in step 2") && rows.getFirst().why().contains("signal 9"));
    assertEquals(List.of(1.0), script.pauses, "no pause where the reason was found");
  }

  @Test
  void quarantine_ofDeathsInDifferentSteps_isNone() {
    var script = Script.of(dies(2, KILLED), dies(3, KILLED), dies(1, KILLED), learnsAll());
    assertEquals(0, script.play(SupervisionOptions.DEFAULT, dir).quarantined());
    assertTrue(Corrections.of(dir).quarantined().isEmpty());
  }

  @Test
  void stuck_learner_isEndedByItsOwnStepTimes() {
    Function<Orders, List<Line>> hangs = o -> List.of(said(3, Signal.Kind.OPENED, 0, 0),
        said(1, Signal.Kind.BEGAN, 0, 0), said(20, Signal.Kind.STEPPED, 0, 1), said(199, Signal.Kind.STEPPED, 0, 2),
        said(1991, Signal.Kind.STEPPED, 0, 3), ended(0, 0));
    var script = Script.of(hangs, learnsAll());
    assertEquals(new Supervisor.Outcome(0, 1, 0, 0), script.play(SupervisionOptions.DEFAULT, dir));
    assertEquals(1990, number(1, "silence"), 1e-6);
    assertEquals(199, number(1, "longestSilenceBefore"), 1e-6);
    assertTrue(script.said.getFirst().contains("was silent for 1990.0 s in experience 1, a step (2)"),
        script.said.getFirst());
  }

  @Test
  void diverged_run_goesOnAtHalfTheRate() {
    var script = Script.of(o -> diverges(Signal.Kind.DIVERGED), o -> diverges(Signal.Kind.FELL), learnsAll());
    assertEquals(new Supervisor.Outcome(0, 2, 2, 0), script.play(SupervisionOptions.DEFAULT, dir));
    assertEquals(List.of(Kind.START, Kind.ROLLBACK, Kind.ROLLBACK, Kind.FINISH), kinds());
    assertEquals(Map.of("rate", "0.4"), Corrections.of(dir).options());
    assertEquals(0.8, number(1, "rateBefore"), 0);
    assertEquals(0.4, number(1, "rate"), 0);
    assertEquals(List.of(), script.pauses);
  }

  @Test
  void diverged_again_givesUpWhereNumbersAreBrokenAndGoesOnWhereAccuracyFell() {
    var broken = Script.of(o -> diverges(Signal.Kind.DIVERGED));
    assertEquals(1, broken.play(SupervisionOptions.DEFAULT, dir.resolve("a")).exitCode());
    assertEquals(3, broken.orders.size() - 1);
    var fallen = Script.of(o -> o.acceptFall() ? learnsAll().apply(o) : diverges(Signal.Kind.FELL));
    assertEquals(new Supervisor.Outcome(0, 4, 3, 0), fallen.play(SupervisionOptions.DEFAULT, dir.resolve("b")));
    assertTrue(fallen.said.stream().anyMatch(line -> line.contains("3 rollbacks did not help, so that it is taken")));
  }

  @Test
  void request_thatIsWrong_isNotTriedAgain() {
    var script = Script.of(o -> List.of(ended(1, 2)));
    assertEquals(2, script.play(SupervisionOptions.DEFAULT, dir).exitCode());
    assertEquals(1, script.orders.size());
  }

  @Test
  void failure_thatTheLearnerNames_isTriedOnceMore() {
    var script = Script.of(o -> List.of(because(Signal.Kind.FAILED, "the disk is full"), ended(0, 1)));
    assertEquals(1, script.play(SupervisionOptions.DEFAULT, dir).exitCode());
    assertEquals(2, script.orders.size());
    assertTrue(script.said.getLast().contains("the same failure came again: the disk is full"));
  }

  @Test
  void log_ofEarlierSupervisors_countsAndACutLineDoesNot() throws IOException {
    Script.of(dies(2, KILLED), learnsAll()).play(SupervisionOptions.DEFAULT, dir);
    Files.writeString(dir.resolve("restarts.jsonl"), "{\"time\":\"2026", StandardOpenOption.APPEND);
    assertEquals(3, RestartLog.read(dir).size());
    Files.writeString(dir.resolve("restarts.jsonl"), "\n", StandardOpenOption.APPEND);
    Script.of(learnsAll()).play(SupervisionOptions.DEFAULT, dir);
    assertEquals(1, number(3, "failures"), 0);
    assertEquals(16, number(3, "watchedFor"), 1e-6);
  }

  @Test
  void log_ofAStoreThatIsSupervised_isRefused() {
    try (RestartLog log = RestartLog.open(dir)) {
      var e = assertThrows(FailureException.class, () -> RestartLog.open(dir));
      assertTrue(String.valueOf(e.getMessage()).contains("supervised by another process"), e.getMessage());
      assertEquals(List.of(), RestartLog.read(dir));
    }
  }

  @Test
  void finite_stateWithANumberThatIsNone_isNamed() {
    StatePart good = StatePart.of("good", Combine.LATEST, Map.of("a", TensorData.of(new float[] {1, -3e38f, 0}, 3L)));
    assertTrue(Finite.broken(List.of(good)).isEmpty());
    for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      StatePart bad = StatePart.of("bad", Combine.LATEST, Map.of("b", TensorData.of(new float[] {1, value, 0}, 3L)));
      assertEquals("bad/b", Finite.broken(List.of(good, bad)).orElseThrow());
    }
  }

  @Test
  void signal_lines_comeBackAndNothingElseDoes() {
    var signal = new Signal(Signal.Kind.SUSPECTS, 3, 17, 0.5, "a \"b\"\n",
        List.of(new QuarantinedRow(3, 4, "é", "x", 17, "")));
    assertEquals(signal, Signal.of(signal.line()).orElseThrow());
    assertEquals(1, signal.line().lines().count());
    assertTrue(Signal.of("Accuracy in percent").isEmpty());
    assertTrue(Signal.of(signal.line().substring(0, 30)).isEmpty());
  }

  @Test
  void corrections_ofAStream_keepItsShapeAndLeaveTheRowsOut() {
    List<Example> rows = IntStream.range(0, 6).mapToObj(i -> Example.of("text " + i, i < 3 ? "a" : "b")).toList();
    var stream = new Stream(Scenario.CLASS_INCREMENTAL, List.of(new Experience(0, "one", List.of("a", "b"), rows, rows)));
    var corrections = new Corrections(new TreeMap<>(), List.of(row(2), row(3), row(4), row(5)));
    List<Example> left = corrections.apply(stream).experiences().getFirst().train();
    assertEquals(List.of(rows.get(0), rows.get(1), rows.get(0), rows.get(0), rows.get(0), rows.get(0)), left);
    assertEquals(rows, stream.experiences().getFirst().train());
    corrections.write(dir);
    assertEquals(corrections, Corrections.of(dir));
    assertThrows(FailureException.class, () -> corrections.without(List.of(row(6))).apply(stream));
  }

  private static QuarantinedRow row(int place) {
    return new QuarantinedRow(0, place, "a", "text " + place, 1, "it kills");
  }
}
