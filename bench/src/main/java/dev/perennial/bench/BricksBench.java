package dev.perennial.bench;

import java.time.Clock;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench bricks}: a library of many bricks, and a batch whose rows all have a brick of their own. */
@Command(
    name = "bricks",
    header = "Measure a library of many LoRA bricks: open, list, route a text; and a batch of unlike bricks.",
    description = {
        "",
        "A store is made in a temporary directory, with bricks of random numbers on query and value. It is opened for routing "
            + "by Arrow, its backbone included, and listed, and one text of 12 words is routed. Then a batch of texts of 16 "
            + "tokens goes through the encoder with a brick of its own for each row, and with one brick for all, by turns. "
            + "Everything is done once to warm up; medians count."},
    footer = {
        "  ./perennial bench bricks",
        "  ./perennial bench bricks --bricks 100 --rounds 10 --json bricks.json"})
public final class BricksBench implements Callable<Integer> {

  @Option(
      names = "--bricks",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Bricks in the library. Default: ${DEFAULT-VALUE}.")
  private int bricks;

  @Option(
      names = "--rank", paramLabel = "N", defaultValue = "8", description = "Rank of each. Default: ${DEFAULT-VALUE}.")
  private int rank;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "32",
      description = "Rows of the batch, as many bricks at least. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "30",
      description = "How often each thing is timed. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final Clock clock = Clock.systemUTC();
  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws dev.perennial.UsageException if an option is out of range
   * @throws dev.perennial.FailureException if the store or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--bricks", bricks, 1, 100_000);
    Numbers.require("--rank", rank, 1, 384);
    Numbers.require("--rows", rows, 1, Math.min(bricks, 1024));
    Numbers.require("--rounds", rounds, 1, 1000);
    output.check();
    var progress = new Progress(spec.commandLine().getErr(), ticker, "bricks");
    BricksFigures figures = new BricksMeasurement(bricks, rank, rows, rounds, clock, ticker, progress).run();
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }
}
