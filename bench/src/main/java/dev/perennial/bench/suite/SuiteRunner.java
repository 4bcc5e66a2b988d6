package dev.perennial.bench.suite;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.bench.Machine;
import dev.perennial.budget.Resource;
import dev.perennial.data.Dataset;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.ReportRun;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.OptionalDouble;

/** Runs a suite from where it stands to its end. */
final class SuiteRunner {

  /** How often a run is made to keep less before it is given up. */
  private static final int TRIES = 4;

  private final Suite suite;
  private final SuiteDirectory directory;
  private final Clock clock;
  private final SuiteProgress progress;
  private final MemoryFit fit;

  SuiteRunner(Suite suite, SuiteDirectory directory, Clock clock, SuiteProgress progress) {
    this.suite = suite;
    this.directory = directory;
    this.clock = clock;
    this.progress = progress;
    fit = new MemoryFit(suite, directory, clock);
  }

  /**
   * Runs what is not finished. A run that goes wrong does not keep the others from being run.
   *
   * @throws UsageException if the data of the suite is not what it is said to be; nothing is made then
   */
  SuiteOutcome run() {
    var finished = new ArrayList<SuiteOutcome.Finished>();
    var leftOut = new ArrayList<SuiteOutcome.Missing>();
    var failed = new ArrayList<SuiteOutcome.Missing>();
    var known = new HashMap<Suite.Member, FinishedRun>();
    for (Suite.Member member : suite.members()) {
      directory.finished(member).ifPresent(run -> {
        known.put(member, run);
        progress.known(member, run);
      });
    }
    for (Suite.Member member : suite.members()) {
      FinishedRun before = known.get(member);
      if (before != null) {
        finished.add(new SuiteOutcome.Finished(member, before));
        continue;
      }
      progress.began(member);
      try {
        FinishedRun run = run(member);
        directory.finish(member, run);
        progress.finished(member, run);
        finished.add(new SuiteOutcome.Finished(member, run));
      } catch (UnfitException e) {
        leftOut.add(missing(member, e));
      } catch (PerennialException e) {
        if (!directory.begun()) {
          throw e;
        }
        failed.add(missing(member, e));
      }
    }
    return new SuiteOutcome(suite, finished, leftOut, failed);
  }

  private SuiteOutcome.Missing missing(Suite.Member member, Exception e) {
    String why = String.valueOf(e.getMessage());
    progress.missing(member, why);
    return new SuiteOutcome.Missing(member, why);
  }

  private FinishedRun run(Suite.Member member) throws UnfitException {
    RunSpec spec = suite.spec(member);
    Long most = member.memoryBytes();
    if (most == null) {
      return run(spec, directory.store(member));
    }
    spec = fit.fitted(spec, most);
    for (int i = 0; i < TRIES; i++) {
      FinishedRun run = run(spec, directory.store(member));
      if (run.result().memoryBytes() <= most) {
        return run;
      }
      // Texts differ in length: those that were kept are longer than those that were measured.
      spec = MemoryFit.smaller(spec, run.result(), most);
      SuiteFiles.remove(directory.store(member));
    }
    throw new UnfitException(
        "it keeps more than " + Resource.BYTES.format(most) + " however little it is told to keep");
  }

  private FinishedRun run(RunSpec spec, Path store) {
    var listener = new Beginning();
    try (Run run = Files.exists(store.resolve("perennial.db"))
        ? Run.resume(store, null, clock, listener)
        : Run.create(spec, store, clock, listener)) {
      String stopped = "";
      try {
        run.execute();
      } catch (FailureException e) {
        stopped = stopped(run, spec, e);
      }
      ReportRun report = run.reportRun(spec.technique());
      long testRows = run.stream().experiences().stream().mapToLong(experience -> experience.test().size()).sum();
      return FinishedRun.of(report, testRows, Machine.here(spec.threads()), Build.commit(), stopped);
    }
  }

  /**
   * That a run's time was up after it had learned something.
   *
   * @throws FailureException that it failed with, where it was anything else
   */
  private static String stopped(Run run, RunSpec spec, FailureException failure) {
    OptionalDouble limit = spec.budget().limit(Resource.SECONDS);
    try {
      if (limit.isPresent() && run.result().learnSeconds() >= limit.getAsDouble()) {
        return "its " + Resource.SECONDS.format(limit.getAsDouble()) + " were up in experience "
            + (run.result().accuracy().size() + 1) + " of " + run.stream().experiences().size();
      }
    } catch (UsageException nothingLearned) {
      failure.addSuppressed(nothingLearned);
    }
    throw failure;
  }

  /** Shows how a run goes on, and makes the directory the suite's as soon as its data could be read. */
  private final class Beginning implements RunListener {

    @Override
    public void prepared(Dataset dataset, Stream stream) {
      directory.begin();
      progress.prepared(dataset, stream);
    }

    @Override
    public void stepped(Experience experience, long step, long steps) {
      progress.stepped(experience, step, steps);
    }

    @Override
    public void evaluated(Experience experience, AccuracyHistory history) {
      progress.evaluated(experience, history);
    }
  }
}
