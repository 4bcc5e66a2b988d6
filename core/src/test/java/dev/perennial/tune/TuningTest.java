package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.RunSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tuning of quick techniques on six classes of tiny images. */
final class TuningTest {

  @TempDir static Path shared;
  @TempDir Path dir;
  private static Path images = Path.of("");

  @BeforeAll
  static void writeImages() throws IOException {
    images = TinyImages.write(shared.resolve("images"));
  }

  private static TuningSpec spec(Path data, TuningLimit limit, String... techniques) {
    return new TuningSpec(TinyImages.spec(data), List.of(techniques), limit);
  }

  private static TuningSpec spec(int runs, String... techniques) {
    return spec(images, TuningLimit.ofRuns(runs), techniques);
  }

  private static Ranking run(TuningSpec spec, Path directory) {
    return Tuning.run(spec, directory, Clock.systemUTC(), System::nanoTime, TuningListener.SILENT);
  }

  private static Ranking run(TuningSpec spec) {
    return Tuning.run(spec, null, Clock.systemUTC(), System::nanoTime, TuningListener.SILENT);
  }

  /** All that does not depend on the clock. */
  private static List<String> outcome(Ranking ranking) {
    var lines = new ArrayList<String>(List.of(ranking.choice().text()));
    for (Ranking.Entry entry : ranking.entries()) {
      lines.add(entry.text() + " " + entry.options() + " " + entry.round() + " " + entry.rowsPerClass() + " "
          + entry.validationRows() + " " + entry.seeds() + " " + entry.accuracy() + " " + entry.spread() + " "
          + entry.forgetting() + " " + entry.memoryBytes() + " " + entry.addedBytes());
    }
    ranking.dropped().forEach(dropped -> lines.add(dropped.text() + ": " + dropped.reason()));
    return lines;
  }

  @Test
  void run_sameSpec_choosesTheSame() {
    TuningSpec spec = spec(10, "ncm", "fine-tune", "replay");
    Ranking first = run(spec);
    assertEquals(outcome(first), outcome(run(spec)));
    assertTrue(first.trials() <= 10 && first.trials() > 6, "trials " + first.trials());
    assertTrue(first.entries().size() > 3, "options were tried: " + outcome(first));
  }

  @Test
  void run_testLabelsPoisoned_choosesTheSame() throws IOException {
    Path poisoned = TinyImages.write(dir.resolve("images"), 20, label -> (label + 1) % 6);
    TuningLimit limit = TuningLimit.ofRuns(5);
    assertEquals(outcome(run(spec(images, limit, "ncm", "fine-tune"))),
        outcome(run(spec(poisoned, limit, "ncm", "fine-tune"))));
  }

  @Test
  void run_oneTechnique_triesItsSearchSpaceAndEndsWithAllRowsAndThreeSeeds() {
    Ranking ranking = run(spec(images, TuningLimit.NONE, "fine-tune"));
    var tried = new HashSet<String>();
    ranking.entries().forEach(entry -> tried.add(entry.text()));
    assertEquals(Set.of("fine-tune", "fine-tune rate=0.0003", "fine-tune rate=0.003"), tried);
    Ranking.Entry choice = ranking.choice();
    assertEquals(List.of(1L, 2L, 3L), choice.seeds());
    assertEquals(16, choice.rowsPerClass(), "a fifth of 20 rows is held out");
    assertEquals(24, choice.validationRows());
    Ranking.Entry best = ranking.entries().getFirst();
    assertTrue(choice.accuracy() >= best.accuracy() - best.standardError());
    double seconds = ranking.entries().stream().mapToDouble(Ranking.Entry::learnSeconds).min().orElseThrow();
    assertTrue(seconds > 0 && ranking.seconds() > seconds);
  }

  @Test
  void run_manyRows_theBetterHalfLearnsMore() throws IOException {
    Path many = TinyImages.write(dir.resolve("many"), 500, label -> label);
    Ranking ranking = run(spec(many, TuningLimit.ofRuns(8), "ncm", "fine-tune", "replay", "lwf"));
    assertEquals(400, ranking.mostRowsPerClass());
    assertEquals(400, ranking.choice().rowsPerClass());
    var rounds = new ArrayList<Integer>();
    for (Ranking.Entry entry : ranking.entries()) {
      rounds.add(entry.round());
      assertEquals(entry.round() == 1 ? 342 : 400, entry.rowsPerClass(), "2,048 rows of 6 classes, then all");
    }
    assertEquals(rounds.stream().sorted(Comparator.reverseOrder()).toList(), rounds, "who came further stands first");
    var first = ranking.entries().stream().filter(entry -> entry.round() == 1).toList();
    assertTrue(!first.isEmpty() && first.size() <= 2, "half of the techniques went no further: " + outcome(ranking));
  }

  @Test
  void run_learnable_prefersWhatLearns() {
    // Nearest means of drawn features tell rows of bright pixels apart; a tiny rate forgets the first experiences.
    Ranking ranking = run(spec(images, TuningLimit.NONE, "fine-tune", "ncm"));
    assertEquals("ncm", ranking.choice().technique(), outcome(ranking).toString());
    assertTrue(ranking.choice().accuracy() > 0.6, outcome(ranking).toString());
  }

  @Test
  void run_stopped_goesOnToTheSameChoice() throws IOException {
    TuningSpec spec = spec(8, "ncm", "fine-tune");
    Ranking whole = run(spec);
    Path kept = dir.resolve("kept");
    var stop = new TuningListener() {
      private int ended;

      @Override
      public void finished(Trial trial, double secondsLeft, long runsLeft) {
        if (++ended == 3) {
          throw new IllegalStateException("killed");
        }
      }
    };
    assertThrows(IllegalStateException.class,
        () -> Tuning.run(spec, kept, Clock.systemUTC(), System::nanoTime, stop));
    var before = new TreeMap<String, String>();
    try (var files = Files.list(kept.resolve("trials"))) {
      for (Path file : files.toList()) {
        before.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    assertEquals(3, before.size());
    Ranking rest = run(spec, kept);
    assertEquals(outcome(whole), outcome(rest));
    assertEquals(whole.trials(), rest.trials());
    for (var file : before.entrySet()) {
      assertEquals(file.getValue(), Files.readString(kept.resolve("trials").resolve(file.getKey())), "not run again");
    }
    try (var files = Files.list(kept.resolve("trials"))) {
      assertEquals(rest.trials(), files.count());
    }
    Ranking again = run(spec, kept);
    assertEquals(rest.toJson(), again.toJson(), "a finished tuning is the same for ever, its seconds included");
  }

  @Test
  void run_otherRequestInADirectory_isRefusedAndChangesNothing() throws IOException {
    Path kept = dir.resolve("kept");
    run(spec(1, "ncm"), kept);
    String setup = Files.readString(kept.resolve("tuning.json"));
    TuningSpec other = new TuningSpec(TinyImages.spec(images).withSeed(2), List.of("ncm"), TuningLimit.ofRuns(1));
    String message = String.valueOf(assertThrows(UsageException.class, () -> run(other, kept)).getMessage());
    assertTrue(message.contains("seed was 1, now 2") && message.contains(kept.toString()), message);
    assertEquals(setup, Files.readString(kept.resolve("tuning.json")));
  }

  @Test
  void run_otherRowsInADirectory_isRefused() throws IOException {
    Path kept = dir.resolve("kept");
    Path own = TinyImages.write(dir.resolve("images"));
    run(spec(own, TuningLimit.ofRuns(1), "ncm"), kept);
    byte[] labels = Files.readAllBytes(own.resolve("train-labels-idx1-ubyte"));
    labels[8] = labels[9];
    Files.write(own.resolve("train-labels-idx1-ubyte"), labels);
    String message = String.valueOf(assertThrows(
        UsageException.class, () -> run(spec(own, TuningLimit.ofRuns(1), "ncm"), kept)).getMessage());
    assertTrue(message.contains("rows was"), message);
  }

  @Test
  void run_directoryOfSomethingElse_isRefused() throws IOException {
    Path mine = Files.writeString(dir.resolve("mine.txt"), "mine");
    assertTrue(String.valueOf(assertThrows(UsageException.class, () -> run(spec(1, "ncm"), dir)).getMessage())
        .contains("mine.txt"));
    assertTrue(String.valueOf(assertThrows(UsageException.class, () -> run(spec(1, "ncm"), mine)).getMessage())
        .contains("expected a directory"));
    assertEquals("mine", Files.readString(mine));
    assertFalse(Files.exists(dir.resolve("tuning.json")));
  }

  @Test
  void run_damagedTrial_isNamed() throws IOException {
    Path kept = dir.resolve("kept");
    run(spec(1, "ncm"), kept);
    Files.writeString(kept.resolve("trials/00001.json"), "{");
    assertTrue(String.valueOf(assertThrows(FailureException.class, () -> run(spec(1, "ncm"), kept)).getMessage())
        .contains("00001.json"));
  }

  @Test
  void run_overTheBudgetOfBytes_isListedWithTheReason() {
    RunSpec small = TinyImages.spec(images).withBudget(Budget.parse(List.of("bytes=20kB")));
    Ranking ranking = run(new TuningSpec(small, List.of("g-acil", "ncm"), TuningLimit.ofRuns(6)));
    assertEquals("ncm", ranking.choice().technique());
    Ranking.Dropped dropped = ranking.dropped().getFirst();
    assertEquals("g-acil", dropped.technique());
    assertTrue(dropped.reason().contains("the bytes budget is 19.5 KiB"), dropped.reason());
    assertTrue(String.valueOf(assertThrows(FailureException.class,
        () -> run(new TuningSpec(small, List.of("g-acil"), TuningLimit.ofRuns(2)))).getMessage()).contains("g-acil"));
  }

  @Test
  void run_secondsUsedUp_stopsWhatTakesTooLongAndSaysSo() {
    // Every look at the clock is a second later: a trial takes as many seconds as it has steps and evaluations.
    var now = new AtomicLong();
    TuningSpec spec = spec(images, TuningLimit.ofSeconds(60), "ncm", "fine-tune", "joint");
    Ranking ranking = Tuning.run(
        spec, null, Clock.systemUTC(), () -> now.addAndGet(1_000_000_000L), TuningListener.SILENT);
    assertTrue(ranking.seconds() <= 62, "seconds " + ranking.seconds());
    assertEquals("ncm", ranking.choice().technique());
    assertTrue(ranking.dropped().stream().anyMatch(
        dropped -> dropped.technique().equals("joint") && dropped.reason().startsWith("stopped: it needs more than")),
        ranking.dropped().toString());
  }

  @Test
  void spec_thatCannotBe_isRefused() {
    assertThrows(UsageException.class, () -> spec(1));
    assertThrows(UsageException.class, () -> spec(1, "ncm", "ncm"));
    assertThrows(UsageException.class, () -> spec(1, "no-such"));
    RunSpec timed = TinyImages.spec(images).withBudget(Budget.parse(List.of("seconds=1")));
    assertThrows(UsageException.class, () -> new TuningSpec(timed, List.of("ncm"), TuningLimit.NONE));
    RunSpec seven = new RunSpec(
        timed.data(), timed.scenario(), 7, "ncm", new TreeMap<>(), "", "cpu", Budget.UNLIMITED, 1, 1);
    assertTrue(String.valueOf(assertThrows(UsageException.class,
        () -> run(new TuningSpec(seven, List.of("ncm"), TuningLimit.NONE))).getMessage()).contains("6 classes"));
  }
}
