package dev.perennial.cli;

import dev.perennial.KeyValues;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.ReportRun;
import dev.perennial.measure.Result;
import dev.perennial.measure.TextReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial demo}: a stream learned without forgetting, and the same learned naively beside it. */
@Command(
    name = "demo",
    header = "Learn WordNet class by class, with the default technique and with naive fine-tuning beside it.",
    description = {
        "",
        "WordNet's glosses are learned as 45 classes (their lexicographer files) in 9 experiences of 5 classes; at "
            + "prediction nobody tells which experience a text belongs to. DIR then holds report.html, result.json "
            + "(the default's figures, then the naive ones), store (the default's) and store-fine-tune (the naive one's).",
        "Of each class at most " + DemoCommand.ROWS_PER_CLASS + " rows are learned and 60 evaluated on, with --quick "
            + DemoCommand.QUICK_ROWS_PER_CLASS + " and " + DemoCommand.QUICK_TEST_ROWS_PER_CLASS
            + ", and the default technique gets " + DemoCommand.QUICK_FEATURES + " random features."},
    footer = {
        "  ./perennial demo",
        "  ./perennial demo --quick --out quick",
        "  ./perennial predict --store demo/store --top 3 \"a large animal with a trunk\""})
final class DemoCommand implements Callable<Integer> {

  /** Training rows of a class; with these the demo takes less than 6 minutes on 2 processors. */
  static final int ROWS_PER_CLASS = 100;

  /** Training rows of a class with {@code --quick}, which takes less than 90 seconds. */
  static final int QUICK_ROWS_PER_CLASS = 12;

  /** Test rows of a class with {@code --quick}. */
  static final int QUICK_TEST_ROWS_PER_CLASS = 12;

  /** Random features of the default technique with {@code --quick}; its time grows with their cube. */
  static final int QUICK_FEATURES = 1024;

  private static final int EXPERIENCES = 9;
  private static final String NAIVE = "fine-tune";

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "demo",
      description = "Where to write; an earlier demo there is replaced. Default: ${DEFAULT-VALUE}.")
  private Path out = Path.of("");

  @Option(names = "--quick", description = "A small cut of the same.")
  private boolean quick;

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Decides every random choice. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  @Option(names = "--force", description = "Write to DIR even if it holds other files; they stay.")
  private boolean force;

  private final Console console;

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    DataSpec data = quick
        ? DataSpec.wordnet(QUICK_ROWS_PER_CLASS).withMaxTestPerClass(QUICK_TEST_ROWS_PER_CLASS)
        : DataSpec.wordnet(ROWS_PER_CLASS);
    RunSpec spec = RunSpec.of(data, EXPERIENCES).withSeed(seed);
    if (threads != null) {
      spec = spec.withThreads(threads);
    }
    var directory = new DemoDirectory(out);
    StorePath.checkWritable("--out", directory.path());
    directory.clear(force);
    directory.outputs().check();
    console.err().println("WordNet glosses, 45 classes in " + EXPERIENCES + " experiences; for the demo's sake at most "
        + data.maxPerClass() + " rows of a class are learned" + (quick ? ", with " + QUICK_FEATURES
            + " random features" : ""));
    console.err().println("1 of 2: " + spec.technique() + ", the default");
    int exitCode = learn(quick ? spec.withOption("features", "" + QUICK_FEATURES) : spec, directory.store());
    if (exitCode == 0) {
      console.err().println("2 of 2: " + NAIVE + ", the naive way, on the same stream");
      exitCode = learn(spec.withTechnique(NAIVE), directory.fineTuneStore());
    }
    if (exitCode == 0) {
      conclude(directory);
    }
    return exitCode;
  }

  /** Learns in a process of its own, so that neither run's peak memory is the other's. */
  private int learn(RunSpec spec, Path store) {
    var arguments = new ArrayList<>(List.of(
        "learn", "--data", DataSpec.WORDNET, "--tasks", "" + spec.tasks(), "--technique", spec.technique(),
        "--max-per-class", "" + spec.data().maxPerClass(), "--max-test-per-class", "" + spec.data().maxTestPerClass(),
        "--seed", "" + spec.seed(), "--threads", "" + spec.threads(), "--store", store.toString()));
    KeyValues.written(spec.options()).forEach(option -> arguments.addAll(List.of("--option", option)));
    return ChildProcess.run(
        console, arguments, () -> "begin again with ./perennial demo --out " + Shell.word(out));
  }

  private void conclude(DemoDirectory directory) {
    ReportRun learned = finished(directory.store());
    ReportRun naive = finished(directory.fineTuneStore());
    List<Result> results = List.of(learned.result(), naive.result());
    Outputs outputs = directory.outputs();
    outputs.write("WordNet, class by class", List.of(learned, naive), Result.toJson(results));
    print(results, directory, outputs);
  }

  private ReportRun finished(Path store) {
    try (Run run = Run.resume(store, null, console.clock(), RunListener.SILENT)) {
      return run.reportRun(run.execute().technique());
    }
  }

  private void print(List<Result> results, DemoDirectory directory, Outputs outputs) {
    PrintWriter print = console.out();
    for (Result result : results) {
      print.println();
      print.println(result.technique() + ": accuracy in percent on the test rows of each experience");
      print.print(TextReport.matrix(result));
    }
    print.println();
    print.println(TextReport.comparison(results));
    Result learned = results.getFirst();
    Result naive = results.getLast();
    print.printf(Locale.ROOT,
        "Learned %d classes in %d experiences with %s: final accuracy %.1f %%, against %.1f %% with %s%n",
        learned.classes(), learned.accuracy().size(), learned.technique(), 100 * learned.finalAccuracy(),
        100 * naive.finalAccuracy(), naive.technique());
    print.println("Store   " + directory.store() + " (and " + directory.fineTuneStore() + ")");
    print.println("Figures " + outputs.json());
    print.println("Report  " + outputs.report());
    print.println("Predict ./perennial predict --store " + Shell.word(directory.store())
        + " --top 3 \"a large animal with a trunk\"");
  }
}
