package dev.perennial.cli;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.bench.StreamOptions;
import dev.perennial.budget.Budget;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunSpec;
import dev.perennial.open.OpenOptions;
import dev.perennial.snapshot.SnapshotOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial learn}: learns a stream into a new store. */
@Command(
    name = "learn",
    abbreviateSynopsis = true,
    header = "Learn a stream of experiences into a new store.",
    description = {
        "",
        "The rows become a stream of experiences, which are learned one after the other; after each one, all test rows "
            + "seen so far are predicted. Everything learned is in the store: a run that was killed goes on where it "
            + "stopped with the command resume."},
    footer = {
        "  ./perennial learn --data clinc.jsonl.gz --text text --label intent --split split --tasks 10 --store clinc",
        "  ./perennial learn --data wordnet --tasks 9 --max-per-class 50 --technique ncm --store words",
        "  ./perennial learn --data jan.csv feb.csv --text body --label topic --task month \\",
        "      --scenario domain-incremental --option epochs=5 --budget seconds=10min --store news --report news.html",
        "  ./perennial learn --data wordnet --tasks 9 --scenario blurry --scenario-option share=0.3 --store blurred",
        "  ./perennial learn --data mail.csv --text body --label folder --tasks 5 --store mail --durability async \\",
        "      --snapshot-every 100",
        "  ./perennial learn --data mail.csv --text body --label folder --tasks 5 --open --store mail",
        "  ./perennial learn --config run.yaml --seed 2 --store second"})
class LearnCommand implements Runnable {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(
      names = "--max-test-per-class",
      paramLabel = "N",
      defaultValue = "0",
      description = "Rows of a class to evaluate on at most; 0 for all, for wordnet 60, with --validation 20."
          + " Default: ${DEFAULT-VALUE}.")
  private int maxTestPerClass;

  @Option(
      names = "--validation",
      description = "Evaluate on the validation rows in place of the test rows, to tune options honestly.")
  private boolean validation;

  @Option(
      names = "--technique",
      paramLabel = "NAME",
      defaultValue = RunSpec.DEFAULT_TECHNIQUE,
      description = "How to learn; ./perennial techniques lists them. Default: ${DEFAULT-VALUE}.")
  private String technique = "";

  @Option(
      names = "--option",
      arity = "1..*",
      paramLabel = "k=v",
      description = "An option of the technique. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(
      names = "--budget",
      arity = "1..*",
      paramLabel = "k=v",
      description = "A limit on parameters, bytes, seconds or labels, such as seconds=5min or bytes=512MiB. Can be "
          + "repeated.")
  private List<String> budget = new ArrayList<>();

  @Option(
      names = "--open",
      arity = "0..1",
      fallbackValue = "0.95",
      paramLabel = "SHARE",
      description = "Learn to tell texts of no known class, so that this share of those of known classes is kept; "
          + "0.95 without a value. A fifth of the rows is learned late, after the threshold was set by it.")
  private @Nullable Double open;

  @Option(names = "--store", paramLabel = "DIR", description = "Where what is learned is kept. Needed; made new.")
  private @Nullable Path store;

  @Mixin
  private DurabilityOptions durability = new DurabilityOptions();

  @Option(names = "--json", paramLabel = "OUT", description = "Write the figures to this file.")
  private @Nullable Path json;

  @Option(names = "--report", paramLabel = "OUT.html", description = "Write a report to this file.")
  private @Nullable Path report;

  @Option(
      names = "--config",
      paramLabel = "run.yaml",
      description = "Take options from this file, under the same names without dashes; those given here win.")
  private @Nullable Path config;

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final Console console;

  LearnCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    RunSpec runSpec = asked();
    Path directory = StorePath.ofNew(store());
    SnapshotOptions snapshots = snapshots();
    Outputs outputs = outputs();
    Learning.Learned learned = Learning.learn(
        console, runSpec.technique(), () -> Learning.resumption(directory),
        listener -> Run.create(runSpec, directory, snapshots, console.clock(), listener));
    outputs.write(learned.report(), learned.report().result().toJson());
    Learning.conclude(console, learned, directory, outputs);
  }

  /** What is asked for, the options of a file included. */
  final RunSpec asked() {
    if (config != null) {
      ConfigFile.read(config).fill(spec, () -> fresh(console));
    }
    RunSpec run = stream.run(technique, KeyValues.of("--option", options), Budget.parse(budget));
    DataSpec data = run.data().withMaxTestPerClass(maxTestPerClass);
    if (open != null) {
      run = run.withOpen(OpenOptions.DEFAULT.withKeep(open));
    }
    return run.withData(validation ? data.onValidation() : data);
  }

  /** A command of this kind, of which no option was given. */
  LearnCommand fresh(Console other) {
    return new LearnCommand(other);
  }

  /** Where what is learned is kept. */
  final Path store() {
    if (store == null) {
      throw new UsageException("expected --store DIR, got none: name the directory to keep what is learned in");
    }
    return store;
  }

  /** When what is learned becomes durable. */
  final SnapshotOptions snapshots() {
    return durability.options();
  }

  /** The files for the figures, which can be written. */
  final Outputs outputs() {
    var outputs = new Outputs(json, report);
    outputs.check();
    return outputs;
  }

  /** Whether limits were given. */
  final boolean limited() {
    return !budget.isEmpty();
  }

  final Console console() {
    return console;
  }

  final CommandSpec spec() {
    return spec;
  }
}
