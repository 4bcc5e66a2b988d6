package dev.perennial.bench;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.RunSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench route}: how much accuracy is left where routers must find the task that was told before. */
@Command(
    name = "route",
    abbreviateSynopsis = true,
    header = "Measure routing over bricks without task ids against routing with them.",
    description = {
        "",
        "The classes are cut into tasks. For each a LoRA brick and a linear head are learned on its rows alone. Then each "
            + "router sends every test row of all tasks to bricks, and their heads name its class, among all classes. The "
            + "figure is that accuracy / the accuracy where each row is given to the brick of its own task.",
        "",
        "Routers that decide by token and site can mix bricks, or send a row to its heaviest brick: whichever does better on "
            + "the validation rows counts."},
    footer = {
        "  ./perennial bench route --data clinc150.jsonl.gz --text text --label label --split split \\",
        "      --drop-label out_of_scope --tasks 5 --seeds 3 --json route.json",
        "  ./perennial bench route --data mail.csv --text body --label folder --tasks 3 --routers prototypes,analytic"})
public final class RouteBench implements Callable<Integer> {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "How many seeds, from --seed on; each has tasks and bricks of its own. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(
      names = "--routers",
      paramLabel = "a,b",
      split = ",",
      defaultValue = "prototypes,analytic,arrow,phatgoose,top-p,recurrent",
      description = "Which ones of prototypes, analytic, arrow, phatgoose, top-p and recurrent. Default: all.")
  private List<String> routers = new ArrayList<>();

  @Option(
      names = "--epochs",
      paramLabel = "N",
      defaultValue = "3",
      description = "Passes over a task's rows to learn its brick. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "300",
      description = "Steps of 32 rows to learn top-p and recurrent. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or the data cannot be used
   * @throws dev.perennial.FailureException if the data cannot be read, or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--seeds", seeds, 1, 1000);
    Numbers.require("--epochs", epochs, 1, 1000);
    Numbers.require("--steps", steps, 1, 100_000);
    for (String router : routers) {
      if (!RouteTrial.ROUTERS.contains(router)) {
        throw new UsageException("expected --routers among " + String.join(", ", RouteTrial.ROUTERS) + ", got " + router
            + Spelling.suggestion(router, RouteTrial.ROUTERS));
      }
    }
    RunSpec run = stream.run(RunSpec.DEFAULT_TECHNIQUE, Map.of(), Budget.UNLIMITED);
    output.check();
    var trials = new ArrayList<RouteFigures.Trial>();
    for (int i = 0; i < seeds; i++) {
      var told = new Progress(spec.commandLine().getErr(), ticker, "route: seed " + (i + 1) + " of " + seeds);
      trials.add(new RouteTrial(run, run.seed() + i, routers, epochs, steps, told).run());
    }
    RouteFigures figures =
        RouteFigures.of(Machine.here(run.threads()), run.data().sources(), epochs, steps, routers, trials);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }
}
