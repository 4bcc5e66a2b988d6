package dev.perennial.restart;

import dev.perennial.restart.Decision.Kind;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What keeps a learner learning: starts it, and starts it again when it has died, hangs or has diverged, each time a
 * little wiser.
 *
 * <p>A learner that died goes on from its last commit after a {@link BackOff pause}, with the {@link SnapshotInterval}
 * that the {@link FailureRate} seen so far calls for. Rows of a step in which it died twice in a row are left out. A run
 * that diverged goes on from its last commit, which is sound because nothing else is ever committed, at half the
 * learning rate. After so many restarts without a new commit, or where no restart can help, it gives up. Every decision
 * is in the {@link RestartLog} before it is acted on.
 */
public final class Supervisor {

  private static final int WRONG_REQUEST = 2;
  private static final int FAILED = 1;
  private static final double HALF = 0.5;

  private final SupervisionOptions options;
  private final Path directory;
  private final Attempt.Launcher launcher;
  private final RestartLog log;
  private final DoubleConsumer pause;
  private final LongSupplier ticker;
  private final Clock clock;
  private final Consumer<String> say;
  private final Deadlines deadlines;

  private FailureRate rate = FailureRate.UNSEEN;
  private Corrections corrections;
  private int restarts;
  private int rollbacks;
  private int quarantines;
  private boolean acceptFall;
  /** Restarts in a row that no new commit came of, and how many of those were for silence. */
  private int fruitless;
  private int stuck;
  private int committedExperience = -1;
  private long committedStep = -1;
  /** Where the last learner died in a step; -1 if it did not. */
  private int deadlyExperience = -1;
  private long deadlyStep;
  private String toldFailure = "";
  private int steps;
  private double stepSeconds;
  private int snapshots;
  private double snapshotSeconds;

  /**
   * What came of it.
   *
   * @param exitCode 0 if all is learned, else that of the last learner
   * @param restarts in all
   * @param rollbacks of them that were for divergence
   * @param quarantined rows that were left out by this supervisor
   */
  public record Outcome(int exitCode, int restarts, int rollbacks, int quarantined) {}

  /**
   * A supervisor that has started nothing yet.
   *
   * @param directory of the store
   * @param launcher starts learners
   * @param log of that store
   * @param pause waits for so many seconds
   * @param ticker nanoseconds since some moment
   * @param say takes a line for people
   */
  public Supervisor(SupervisionOptions options, Path directory, Attempt.Launcher launcher, RestartLog log,
      DoubleConsumer pause, LongSupplier ticker, Clock clock, Consumer<String> say) {
    this.options = options;
    this.directory = directory;
    this.launcher = launcher;
    this.log = log;
    this.pause = pause;
    this.ticker = ticker;
    this.clock = clock;
    this.say = say;
    deadlines = new Deadlines(options.stuckSeconds());
    corrections = Corrections.of(directory);
    for (Decision decision : RestartLog.read(directory)) {
      Double seconds = decision.numbers().get("ranFor");
      if (seconds != null) {
        rate = rate.with(seconds, decision.kind() != Kind.FINISH);
      }
    }
  }

  /** Supervises until all is learned, or nothing more can be done. */
  public Outcome run() {
    int before = corrections.quarantined().size();
    decide(Kind.START, 0, 0, "the learner is started", numbers());
    while (true) {
      Watch watch = new Watch(ticker, deadlines);
      try (Attempt attempt = launcher.launch(orders())) {
        watch.follow(attempt, stuck);
      }
      take(watch);
      boolean goOn = watch.exitCode() == 0 && !watch.isStuck() ? finish(watch) : ended(watch);
      if (!goOn) {
        int exitCode = watch.isStuck() ? FAILED : watch.exitCode();
        return new Outcome(exitCode, restarts, rollbacks, corrections.quarantined().size() - before);
      }
      restarts++;
    }
  }

  private Orders orders() {
    return new Orders(interval(), steps == 0 ? 0 : stepSeconds / steps, deadlyExperience, deadlyStep, acceptFall);
  }

  /** Seconds of work between snapshots; 0 before the first snapshot was seen. */
  private double interval() {
    double cost = snapshots == 0 ? 0 : snapshotSeconds / snapshots;
    if (cost <= 0) {
      return 0;
    }
    return options.recall() > 0
        ? SnapshotInterval.foretold(cost, rate.meanTimeBetweenFailures(), options.recall())
        : SnapshotInterval.daly(cost, rate.meanTimeBetweenFailures());
  }

  /** Learns from an attempt that is over. */
  private void take(Watch watch) {
    boolean done = watch.exitCode() == 0 && !watch.isStuck();
    rate = rate.with(watch.seconds(), !done);
    steps += watch.steps();
    stepSeconds += watch.stepSeconds();
    snapshots += watch.snapshots();
    snapshotSeconds += watch.snapshotSeconds();
    if (watch.committedBeyond(committedExperience, committedStep)) {
      committedExperience = watch.committedExperience();
      committedStep = watch.committedStep();
      fruitless = 0;
      stuck = 0;
    }
  }

  private boolean finish(Watch watch) {
    decide(Kind.FINISH, watch, "all is learned, after " + count(restarts, "restart"), numbers());
    return false;
  }

  private boolean ended(Watch watch) {
    if (watch.exitCode() == WRONG_REQUEST) {
      return giveUp(watch, "the request is wrong, which no restart repairs");
    }
    if (watch.said(Signal.Kind.DIVERGED) || watch.said(Signal.Kind.FELL)) {
      return diverged(watch);
    }
    if (watch.said(Signal.Kind.FAILED)) {
      if (watch.lastWords().equals(toldFailure)) {
        return giveUp(watch, "the same failure came again: " + toldFailure);
      }
      toldFailure = watch.lastWords();
    }
    fruitless++;
    if (fruitless > options.restarts()) {
      return giveUp(watch, count(options.restarts(), "restart") + " in a row came no further; the last time "
          + death(watch) + ". What was learned until then is kept");
    }
    stuck += watch.isStuck() ? 1 : 0;
    boolean again = watch.inStep() && watch.experience() == deadlyExperience && watch.step() == deadlyStep;
    if (again && quarantines < options.quarantines() && !watch.suspects().isEmpty()) {
      return quarantine(watch);
    }
    boolean inStep = watch.inStep() && !watch.said(Signal.Kind.FAILED);
    deadlyExperience = inStep ? watch.experience() : -1;
    deadlyStep = inStep ? watch.step() : 0;
    return restart(watch);
  }

  private boolean restart(Watch watch) {
    double wait = options.backOff().seconds(fruitless);
    Map<String, Double> numbers = numbers();
    numbers.put("pause", wait);
    numbers.put("restartsWithoutProgress", (double) fruitless);
    if (watch.isStuck()) {
      numbers.put("silence", watch.silence());
      numbers.put("longestSilenceBefore", watch.longestSilence());
    }
    decide(Kind.RESTART, watch, death(watch), numbers);
    pause.accept(wait);
    return true;
  }

  private boolean quarantine(Watch watch) {
    quarantines++;
    deadlyExperience = -1;
    stuck = 0;
    String why = "the learner died twice in step " + watch.step() + " of experience " + watch.experience() + ": "
        + death(watch);
    List<QuarantinedRow> rows = watch.suspects().stream().map(row -> row.because(why)).toList();
    Map<String, Double> numbers = numbers();
    numbers.put("rows", (double) rows.size());
    numbers.put("rowsInAll", (double) rows.size() + corrections.quarantined().size());
    decide(Kind.QUARANTINE, watch, count(rows.size(), "row") + " of its batch " + (rows.size() == 1 ? "is" : "are")
        + " left out from now on, see " + directory.resolve("quarantine.jsonl") + "; it " + death(watch), numbers);
    corrections = corrections.without(rows);
    corrections.write(directory);
    return true;
  }

  /** What diverged was not committed, so that the last commit is sound. */
  private boolean diverged(Watch watch) {
    deadlyExperience = -1;
    Signal opened = watch.opened();
    Map<String, Double> numbers = numbers();
    if (opened != null && !opened.text().isEmpty() && rollbacks < options.rollbacks()) {
      rollbacks++;
      String name = opened.text();
      double half = HALF * opened.value();
      numbers.put("rateBefore", opened.value());
      numbers.put("rate", half);
      decide(Kind.ROLLBACK, watch, watch.lastWords() + "; back to the last commit, with " + name + "=" + half
          + " in place of " + opened.value(), numbers);
      corrections = corrections.with(name, Double.toString(half));
      corrections.write(directory);
      return true;
    }
    String vain = rollbacks < options.rollbacks()
        ? "the technique has no learning rate to lower"
        : count(rollbacks, "rollback") + " did not help";
    if (watch.said(Signal.Kind.FELL)) {
      acceptFall = true;
      decide(Kind.ACCEPT, watch, watch.lastWords() + "; " + vain + ", so that it is taken as it is", numbers);
      return true;
    }
    return giveUp(watch, watch.lastWords() + "; " + vain);
  }

  private boolean giveUp(Watch watch, String why) {
    decide(Kind.GIVE_UP, watch, why, numbers());
    return false;
  }

  private static String death(Watch watch) {
    String where = watch.experience() < 0
        ? " while it was " + watch.busyWith()
        : " in experience " + (watch.experience() + 1) + ", " + watch.busyWith()
            + (watch.inStep() ? " (" + watch.step() + ")" : "");
    if (watch.isStuck()) {
      return String.format(Locale.ROOT, "was silent for %.1f s%s", watch.silence(), where);
    }
    if (watch.said(Signal.Kind.FAILED)) {
      return "failed" + where + ": " + watch.lastWords();
    }
    return (watch.exitCode() > 128
        ? "was killed by signal " + (watch.exitCode() - 128)
        : "ended with exit code " + watch.exitCode()) + where;
  }

  /** What every decision rests on. */
  private Map<String, Double> numbers() {
    var numbers = new TreeMap<String, Double>();
    numbers.put("failures", (double) rate.failures());
    numbers.put("watchedFor", rate.seconds());
    numbers.put("meanTimeBetweenFailures", rate.meanTimeBetweenFailures());
    if (snapshots > 0) {
      numbers.put("snapshotCost", snapshotSeconds / snapshots);
      numbers.put("snapshotInterval", interval());
    }
    if (steps > 0) {
      numbers.put("stepSeconds", stepSeconds / steps);
    }
    return numbers;
  }

  private void decide(Kind kind, Watch watch, String why, Map<String, Double> numbers) {
    numbers.put("ranFor", watch.seconds());
    decide(kind, Math.max(0, watch.experience()), watch.step(), why, numbers);
  }

  private void decide(Kind kind, int experience, long step, String why, Map<String, Double> numbers) {
    log.add(new Decision(clock.instant().toString(), kind, experience, step, why, new TreeMap<>(numbers)));
    String line = line(kind, why, numbers);
    if (line != null) {
      say.accept(line);
    }
  }

  private static @Nullable String line(Kind kind, String why, Map<String, Double> numbers) {
    String mean = String.format(Locale.ROOT, "%.0f", numbers.getOrDefault("failures", 0.0)) + " failures so far, "
        + duration(numbers.get("meanTimeBetweenFailures")) + " apart"
        + (numbers.containsKey("snapshotInterval")
            ? ", snapshots every " + duration(numbers.get("snapshotInterval"))
            : "");
    return switch (kind) {
      case START -> null;
      case RESTART -> "supervisor: the learner " + why + "; restart in " + duration(numbers.get("pause")) + " (" + mean
          + ")";
      case QUARANTINE -> "supervisor: quarantine: " + why;
      case ROLLBACK -> "supervisor: rollback: " + why;
      case ACCEPT, FINISH -> "supervisor: " + why;
      case GIVE_UP -> "supervisor: giving up: " + why;
    };
  }

  private static String duration(@Nullable Double seconds) {
    if (seconds == null) {
      return "?";
    }
    return seconds < 120 ? String.format(Locale.ROOT, "%.1f s", seconds)
        : seconds < 7200 ? String.format(Locale.ROOT, "%.0f min", seconds / 60)
        : String.format(Locale.ROOT, "%.1f h", seconds / 3600);
  }

  private static String count(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }
}
