package dev.perennial.bench;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.RunSpec;
import dev.perennial.open.OpenOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench open}: how well inputs of no known class are told apart, and gathered into new classes. */
@Command(
    name = "open",
    abbreviateSynopsis = true,
    header = "Measure what a learner knows of what it does not know: rejection, calibration, new classes, late labels.",
    description = {
        "",
        "The classes but one are learned as a stream; the rows of that one, --outside, are of no known class. After each "
            + "experience: the area under the curve of familiarity, the share of rows that is kept, how many of these and of "
            + "all are named rightly, and the calibration error with and without temperature.",
        "",
        "Then some classes are left out of the stream, and come with the test rows: what is rejected is clustered, and what is "
            + "found compared with what there is. Last, their label comes late, and they are learned in one step."},
    footer = {
        "  ./perennial bench open --data clinc150.jsonl.gz --text text --label label --split split \\",
        "      --outside out_of_scope --tasks 10 --seeds 3 --json open.json",
        "  ./perennial bench open --data mail.csv --text body --label folder --outside other --tasks 3 --new 2"})
public final class OpenBench implements Callable<Integer> {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(
      names = "--outside",
      required = true,
      paramLabel = "LABEL",
      description = "The label of the rows that are of no class to be learned.")
  private String outside = "";

  @Option(
      names = "--technique",
      paramLabel = "NAME",
      defaultValue = "g-acil",
      description = "How to learn: g-acil, first-session-analytic, latent-replay or auto. Default: ${DEFAULT-VALUE}.")
  private String technique = "";

  @Option(
      names = "--option",
      arity = "1..*",
      paramLabel = "k=v",
      description = "An option of the technique. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(
      names = "--keep",
      paramLabel = "SHARE",
      defaultValue = "0.95",
      description = "Share of rows of known classes to keep. Default: ${DEFAULT-VALUE}.")
  private double keep;

  @Option(
      names = "--new",
      paramLabel = "N",
      defaultValue = "10",
      description = "Classes to leave out, and to discover; 0 for none. Default: ${DEFAULT-VALUE}.")
  private int fresh;

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "How many seeds, from --seed on. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--validation", description = "Judge by the validation rows in place of the test rows.")
  private boolean validation;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints tables, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or the data cannot be used
   * @throws dev.perennial.FailureException if the data cannot be read, or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--seeds", seeds, 1, 1000);
    Numbers.require("--new", fresh, 0, 100_000);
    OpenOptions open = OpenOptions.DEFAULT.withKeep(keep);
    RunSpec run = stream.run(technique, KeyValues.of("--option", options), Budget.UNLIMITED).withOpen(open);
    run = validation ? run.withData(run.data().onValidation()) : run;
    output.check();
    var trials = new ArrayList<OpenFigures.Trial>();
    for (int i = 0; i < seeds; i++) {
      var told = new Progress(spec.commandLine().getErr(), ticker, "open: seed " + (i + 1) + " of " + seeds);
      trials.add(new OpenTrial(run.withSeed(run.seed() + i), open, outside, fresh, told).run());
    }
    var figures = new OpenFigures(Machine.here(run.threads()), run.data().sources(), run.technique(), outside, keep,
        validation, List.copyOf(trials));
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }
}
