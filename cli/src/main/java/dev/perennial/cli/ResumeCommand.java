package dev.perennial.cli;

import dev.perennial.budget.Budget;
import dev.perennial.engine.Run;
import dev.perennial.snapshot.SnapshotOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code perennial resume}: goes on with a run that was stopped. */
@Command(
    name = "resume",
    header = "Go on exactly where a run stopped, however it was stopped.",
    description = {
        "",
        "The run ends with the same state, to the bit, as if it had never been stopped. Of a run that is finished, the "
            + "result is printed again."},
    footer = {
        "  ./perennial resume --store clinc",
        "  ./perennial resume --store clinc --json clinc.json --report clinc.html",
        "  ./perennial resume --store clinc --budget seconds=1h"})
final class ResumeCommand implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where the run is kept.")
  private Path store = Path.of("");

  @Option(names = "--json", paramLabel = "OUT", description = "Write the figures to this file.")
  private @Nullable Path json;

  @Option(names = "--report", paramLabel = "OUT.html", description = "Write a report to this file.")
  private @Nullable Path report;

  @Option(
      names = "--budget",
      arity = "1..*",
      paramLabel = "k=v",
      description = "New limits, in place of all those that the run began with.")
  private List<String> budget = new ArrayList<>();

  @Mixin
  private DurabilityOptions durability = new DurabilityOptions();

  private final Console console;

  ResumeCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    Budget limits = budget.isEmpty() ? null : Budget.parse(budget);
    SnapshotOptions snapshots = durability.options();
    var outputs = new Outputs(json, report);
    outputs.check();
    Learning.Learned learned = Learning.learn(
        console, store.toAbsolutePath().normalize() + "", () -> Learning.resumption(store),
        listener -> Run.resume(store, limits, snapshots, console.clock(), listener));
    outputs.write(learned.report(), learned.report().result().toJson());
    Learning.conclude(console, learned, store, outputs);
  }
}
