package dev.perennial.bench.suite;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Techniques;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code perennial bench suite}: techniques side by side on one stream, over several seeds. */
@Command(
    name = "suite",
    abbreviateSynopsis = true,
    header = "Compare techniques on one stream, over several seeds; goes on where it was stopped.",
    description = {
        "",
        "Every technique learns the stream once a seed, which also decides the order of the stream. Each run is kept "
            + "in a store below the suite's directory: the same command again goes on where it was stopped, and writes "
            + "further files without running anything again.",
        "The suites of Fashion-MNIST (5 experiences of 2 classes; or 5 of all classes, each under another permutation "
            + "of the pixels) train a network of two hidden layers of 256 by plain gradient descent (rate 0.05, "
            + "batches of 32, 1 epoch), where a technique has such options. wordnet (9 x 5 classes) and clinc150 "
            + "(10 x 15) take every technique as it is."},
    footer = {
        "  ./perennial bench suite split-fashion-mnist --techniques fine-tune,replay,ewc --report suite.html",
        "  ./perennial bench suite wordnet --seeds 1 --max-per-class 100 --json suite.json",
        "  ./perennial bench suite mail.csv --text body --label folder --tasks 5 --csv suite.csv",
        "  ./perennial bench suite split-fashion-mnist --techniques replay,lwf --memory-curve 100kB,400kB,1.6MB"})
public final class SuiteCommand implements Callable<Integer> {

  private static final int USUAL_WIDTH = 80;

  @Parameters(
      paramLabel = "NAME",
      arity = "0..1",
      description = DataOptions.SPLIT + ", " + DataOptions.PERMUTED + ", " + DataOptions.WORDNET + ", "
          + DataOptions.CLINC + ", or a FILE of your own (CSV, JSONL or Parquet).")
  private @Nullable String name;

  @Option(
      names = "--techniques",
      paramLabel = "a,b",
      split = ",",
      description = "Which ones; ./perennial techniques lists them. Default: all.")
  private List<String> techniques = new ArrayList<>();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "3",
      description = "Runs of each technique. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(
      names = "--buffer",
      paramLabel = "N",
      defaultValue = "500",
      description = "Samples kept by techniques that keep any: their option memory. Default: ${DEFAULT-VALUE}.")
  private int buffer;

  @Option(names = "--option", paramLabel = "k=v",
      description = "An option of all techniques that have it. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(names = "--technique-option", paramLabel = "TECH:k=v",
      description = "An option of one technique. Can be repeated.")
  private List<String> techniqueOptions = new ArrayList<>();

  @Mixin
  private DataOptions data = new DataOptions();

  @Option(
      names = "--seconds",
      paramLabel = "S",
      description = "Equal compute: what a run may spend on learning, such as 90 or 5min. What it has not learned by "
          + "then counts as wrong.")
  private @Nullable String seconds;

  @Option(
      names = "--memory-bytes",
      paramLabel = "B",
      description = "Equal memory: what a technique may keep of the past (samples, statistics, former models), such as "
          + "400kB. Its option memory or features is chosen to fit; one that cannot keep to it is left out.")
  private @Nullable String memoryBytes;

  @Option(
      names = "--memory-curve",
      paramLabel = "B1,B2",
      split = ",",
      description = "The same with several budgets, and the areas under the curves of average and last accuracy "
          + "(AUC-A, AUC-L).")
  private List<String> memoryCurve = new ArrayList<>();

  @Option(names = "--threads", paramLabel = "N",
      description = "Threads that compute. Default: 1 for images, the processors for texts.")
  private @Nullable Integer threads;

  @Option(names = "--device", paramLabel = "NAME", defaultValue = "cpu",
      description = "Where the backbone computes: cpu, cuda or cuda:N. Default: ${DEFAULT-VALUE}.")
  private String device = "cpu";

  @Option(names = "--out", paramLabel = "DIR",
      description = "Where runs are kept. Default: suite-NAME.")
  private @Nullable Path out;

  @Option(names = "--json", paramLabel = "OUT", description = "Write every run's figures to this file.")
  private @Nullable Path json;

  @Option(names = "--csv", paramLabel = "OUT", description = "Write a row for every run to this file.")
  private @Nullable Path csv;

  @Option(names = "--report", paramLabel = "OUT.html", description = "Write a report to this file.")
  private @Nullable Path report;

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final Clock clock = Clock.systemUTC();
  private final LongSupplier ticker = System::nanoTime;

  /** The command, with its options at their defaults. */
  public SuiteCommand() {}

  /**
   * Runs what is not finished, prints the ranking, and writes files where asked.
   *
   * @return 0; 1 if a run failed
   * @throws UsageException if an option does not fit, data is not there, or another suite is kept in the directory
   * @throws dev.perennial.FailureException if something cannot be read or written
   */
  @Override
  public Integer call() {
    Suite suite = suite();
    var outputs = new SuiteOutputs(json, csv, report);
    outputs.check();
    Path place = out == null ? Path.of("suite-" + suite.name()) : out;
    PrintWriter err = spec.commandLine().getErr();
    SuiteOutcome outcome;
    try (SuiteDirectory directory = SuiteDirectory.open(place, suite);
        var progress = new SuiteProgress(err, width(), ticker, suite.members())) {
      outcome = new SuiteRunner(suite, directory, clock, progress).run();
    }
    outputs.write(outcome);
    PrintWriter print = spec.commandLine().getOut();
    print.println(SuiteText.of(outcome));
    print.println();
    print.println("Runs " + place);
    outputs.files().forEach((option, file) -> print.println(option.substring(2) + " " + file));
    print.flush();
    return outcome.failed().isEmpty() ? 0 : 1;
  }

  private Suite suite() {
    if (name == null) {
      throw new UsageException("expected the name of a suite, got none: give " + DataOptions.SPLIT + ", "
          + DataOptions.PERMUTED + ", " + DataOptions.WORDNET + ", " + DataOptions.CLINC + ", or a file of your own");
    }
    Setting setting = data.setting(name);
    Techniques known = Techniques.load();
    Map<String, String> usual = new LinkedHashMap<>(setting.options());
    usual.put("memory", Integer.toString(buffer));
    var asked = new AskedOptions(usual, KeyValues.of("--option", options),
        Named.ofTechniques("--technique-option", techniqueOptions));
    List<String> names = techniques.isEmpty() ? known.names() : techniques;
    var base = new RunSpec(setting.data(), setting.scenario(), setting.tasks(), RunSpec.DEFAULT_TECHNIQUE,
        new TreeMap<>(), setting.backbone(), device, budget(), 1, threads == null ? setting.threads() : threads);
    return new Suite(setting.name(), base, asked.of(known, names), seeds, memory());
  }

  private Budget budget() {
    return seconds == null ? Budget.UNLIMITED : Budget.parse(List.of(Resource.SECONDS.id() + "=" + seconds));
  }

  private List<Long> memory() {
    if (memoryBytes != null && !memoryCurve.isEmpty()) {
      throw new UsageException("expected --memory-bytes or --memory-curve, got both: give one");
    }
    if (memoryCurve.size() == 1) {
      throw new UsageException("expected two or more budgets for --memory-curve, got one: give --memory-bytes "
          + memoryCurve.getFirst() + ", or more");
    }
    List<String> written = memoryBytes == null ? memoryCurve : List.of(memoryBytes);
    return written.stream()
        .map(bytes -> Budget.parse(List.of(Resource.BYTES.id() + "=" + bytes)).limit(Resource.BYTES))
        .map(bytes -> (long) bytes.orElseThrow())
        .toList();
  }

  /** The terminal's width; 0 where nobody watches a terminal. */
  private static int width() {
    if (System.console() == null || !System.console().isTerminal() || System.getenv("CI") != null) {
      return 0;
    }
    String columns = System.getenv("COLUMNS");
    return columns != null && columns.matches("[1-9][0-9]{1,3}") ? Integer.parseInt(columns) : USUAL_WIDTH;
  }
}
