package dev.perennial.cli;

import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.Result;
import dev.perennial.measure.TextReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
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
            + "prediction nobody tells which experience a text belongs to. DIR then holds report.html, result.json (the "
            + "default's figures, then the naive ones), store (the default's) and store-fine-tune (the naive one's).",
        "Of each class at most " + DemoCommand.ROWS_PER_CLASS + " rows are learned and 60 evaluated on, with --quick "
            + DemoCommand.QUICK_ROWS_PER_CLASS + " and " + DemoCommand.QUICK_TEST_ROWS_PER_CLASS + "."},
    footer = {
        "  ./perennial demo",
        "  ./perennial demo --quick --out quick",
        "  ./perennial predict --store demo/store --top 3 \"a large animal with a trunk\""})
final class DemoCommand implements Runnable {

  /** Training rows of a class; with these the demo takes less than 6 minutes on 2 processors. */
  static final int ROWS_PER_CLASS = 100;

  /** Training rows of a class with {@code --quick}, which takes less than 90 seconds. */
  static final int QUICK_ROWS_PER_CLASS = 12;

  /** Test rows of a class with {@code --quick}. */
  static final int QUICK_TEST_ROWS_PER_CLASS = 20;

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
  public void run() {
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
    Outputs outputs = directory.outputs();
    outputs.check();
    console.err().println("WordNet glosses, 45 classes in " + EXPERIENCES + " experiences; for the demo's sake at most "
        + data.maxPerClass() + " rows of a class are learned");
    console.err().println("1 of 2: " + spec.technique() + ", the default");
    Learning.Learned learned = learn(spec, directory.store());
    console.err().println("2 of 2: " + NAIVE + ", the naive way, on the same stream");
    Learning.Learned naive = learn(spec.withTechnique(NAIVE), directory.fineTuneStore());
    List<Result> results = List.of(learned.report().result(), naive.report().result());
    outputs.write("WordNet, class by class", List.of(learned.report(), naive.report()), Result.toJson(results));
    conclude(results, directory, outputs);
  }

  private Learning.Learned learn(RunSpec spec, Path store) {
    return Learning.learn(console, spec.technique(), () -> "begin again with ./perennial demo --out " + Shell.word(out),
        listener -> Run.create(spec, store, console.clock(), listener));
  }

  private void conclude(List<Result> results, DemoDirectory directory, Outputs outputs) {
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
    print.printf(Locale.ROOT, "Learned %d classes in %d experiences with %s: final accuracy %.1f %%, against %.1f %% with %s%n",
        learned.classes(), learned.accuracy().size(), learned.technique(), 100 * learned.finalAccuracy(),
        100 * naive.finalAccuracy(), naive.technique());
    print.println("Store   " + directory.store() + " (and " + directory.fineTuneStore() + ")");
    print.println("Figures " + outputs.json());
    print.println("Report  " + outputs.report());
    print.println("Predict ./perennial predict --store " + Shell.word(directory.store())
        + " --top 3 \"a large animal with a trunk\"");
  }
}
