package dev.perennial.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.restart.BackOff;
import dev.perennial.restart.Corrections;
import dev.perennial.restart.Orders;
import dev.perennial.restart.RestartLog;
import dev.perennial.restart.SupervisionOptions;
import dev.perennial.restart.Supervisor;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Option;

/** {@code perennial run}: learns to the end, whatever has been learned already, and whatever happens on the way. */
@Command(
    name = "run",
    abbreviateSynopsis = true,
    header = "Learn a stream to its end, from its beginning or from where a run stopped; --supervised restarts it.",
    description = {
        "",
        "Takes the options of learn. Where the store is not there yet, it is made and learned into; where it is, the "
            + "run in it goes on: the same command does for both, so that whatever starts it need not know.",
        "With --supervised the learner is a process of its own, and this one watches it. A learner that dies goes on "
            + "from its last commit, after a pause that doubles while nothing is gained. One that is silent for ten "
            + "times as long as it ever was is stuck, and is ended first. Rows of a step in which it dies twice in a "
            + "row are left out, and listed in quarantine.jsonl. A run that diverges (numbers that are not finite, or "
            + "accuracy on the held-back rows of the newest experience fallen by more than --margin) is not committed; "
            + "it goes on from its last commit at half the rate. Snapshots come as often as the failures seen so far "
            + "call for. Every decision is in restarts.jsonl in the store, with its numbers; inspect shows the last. "
            + "Ctrl-C stops both processes."},
    footer = {
        "  ./perennial run --supervised --data mail.csv --text body --label folder --tasks 5 --store mail",
        "  ./perennial run --supervised --config run.yaml --store mail --stuck-after 300 --restarts 20",
        "  ./perennial run --data mail.csv --text body --label folder --tasks 5 --store mail",
        "  ./perennial inspect --store mail      what the supervisor has decided"})
final class RunCommand extends LearnCommand implements IExitCodeGenerator {

  /** The system property by which a learner gets its orders from its supervisor. */
  static final String ORDERS = "perennial.orders";

  private static final double PERCENT = 100;

  @Option(names = "--supervised", description = "Learn in a process of its own, and restart it when it fails.")
  private boolean supervised;

  @Option(
      names = "--restarts",
      paramLabel = "N",
      defaultValue = "5",
      description = "Restarts in a row without a new commit before the supervisor gives up. Default: ${DEFAULT-VALUE}.")
  private int restarts;

  @Option(
      names = "--stuck-after",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "Silence of a learner at least before it is stuck. Default: ${DEFAULT-VALUE}.")
  private double stuckAfter;

  @Option(
      names = "--pause",
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "Pause before the first restart; it doubles up to five minutes. Default: ${DEFAULT-VALUE}.")
  private double pause;

  @Option(
      names = "--margin",
      paramLabel = "POINTS",
      defaultValue = "50",
      description = "By how many percentage points accuracy on the newest held-back rows may fall from one experience to "
          + "the next. Default: ${DEFAULT-VALUE}.")
  private double margin;

  @Option(
      names = "--rollbacks",
      paramLabel = "N",
      defaultValue = "3",
      description = "Rollbacks of a diverged run at most. Default: ${DEFAULT-VALUE}.")
  private int rollbacks;

  @Option(
      names = "--recall",
      paramLabel = "SHARE",
      defaultValue = "0",
      description = "The share of failures that somebody foretells in time for a snapshot. Default: ${DEFAULT-VALUE}.")
  private double recall;

  private int exitCode;

  /** Takes what a command reads from and writes to. */
  RunCommand(Console console) {
    super(console);
  }

  @Override
  LearnCommand fresh(Console other) {
    return new RunCommand(other);
  }

  @Override
  public void run() {
    RunSpec asked = asked();
    Path directory = store();
    Outputs outputs = outputs();
    if (margin < 0 || margin > PERCENT) {
      throw new UsageException("expected a --margin between 0 and 100 points, got " + margin);
    }
    var options = new SupervisionOptions(restarts, stuckAfter, rollbacks, SupervisionOptions.DEFAULT.quarantines(), recall,
        new BackOff(pause, Math.max(pause, BackOff.DEFAULT.most())));
    if (StorePath.holdsStore(directory)) {
      Run.requireSame(directory, asked);
    } else {
      StorePath.ofNew(directory);
    }
    Orders orders = orders();
    if (supervised && orders == null) {
      exitCode = supervise(directory, options);
    } else {
      learn(directory, asked, outputs, orders);
    }
  }

  @Override
  public int getExitCode() {
    return exitCode;
  }

  private static @Nullable Orders orders() {
    String json = System.getProperty(ORDERS);
    try {
      return json == null ? null : JsonMapper.builder().build().readValue(json, Orders.class);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a supervisor writes orders as JSON", e);
    }
  }

  private void learn(Path directory, RunSpec asked, Outputs outputs, @Nullable Orders orders) {
    var supervision = new SupervisedLearner[1];
    try {
      Learning.Learned learned = Learning.learn(console(), asked.technique(), () -> Learning.resumption(directory),
          shown -> {
            RunListener listener = shown;
            if (orders != null) {
              supervision[0] = new SupervisedLearner(shown, console().out(), orders, margin / PERCENT);
              listener = supervision[0];
            }
            Run run = open(directory, asked, listener);
            if (supervision[0] != null) {
              supervision[0].opened(run);
            }
            return run;
          });
      outputs.write(learned.report(), learned.report().result().toJson());
      Learning.conclude(console(), learned, directory, outputs);
    } catch (PerennialException e) {
      if (supervision[0] != null) {
        supervision[0].failed(e);
      }
      throw e;
    }
  }

  private Run open(Path directory, RunSpec asked, RunListener listener) {
    if (!StorePath.holdsStore(directory)) {
      return Run.create(asked, directory, snapshots(), console().clock(), listener);
    }
    Budget limits = limited() ? asked.budget() : null;
    return Run.resume(directory, limits, snapshots(), console().clock(), listener);
  }

  private int supervise(Path directory, SupervisionOptions options) {
    List<String> words = spec().root().commandLine().getParseResult().originalArgs();
    var learners = new LearnerProcesses(console(), words, orders -> SnapshotWords.of(orders, spec()));
    try (RestartLog log = RestartLog.open(directory);
        var interruption = Interruption.watch(console(), learners::stop,
            () -> "go on with the same command, or ./perennial resume --store " + Shell.word(directory))) {
      Supervisor.Outcome outcome = new Supervisor(options, directory, learners, log, learners::pause, console().ticker(),
          console().clock(), line -> {
            console().err().println(line);
            console().err().flush();
          }).run();
      int left = Corrections.of(directory).quarantined().size();
      if (left > 0) {
        console().err().println("supervisor: " + left + (left == 1 ? " row is" : " rows are") + " left out, see "
            + directory.resolve("quarantine.jsonl"));
      }
      return outcome.exitCode();
    }
  }
}
