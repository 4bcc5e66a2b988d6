package dev.perennial.bench;

import dev.perennial.bench.suite.FashionMnist;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench loop}: training a tiny network on a stream, beside a plain PyTorch loop. */
@Command(
    name = "loop",
    header = "Measure training on a class-incremental stream, beside a plain hand-written PyTorch loop.",
    description = {
        "",
        "Split-Fashion-MNIST: 5 experiences of 2 classes, once over the stream, a network of two hidden layers of 256 "
            + "and 10 outputs, plain gradient descent at a rate of 0.05 in batches of 32, a reservoir of 500 rows for "
            + "replay and der++ (weights 0.5 and 0.5). Both sides learn once to warm up and then by turns; reading data "
            + "and evaluating do not count. PyTorch runs in a process of its own.",
        "Avalanche is not run. Its loop was seen to take 4.7 (fine-tune), 4.4 (replay) and 4 (der++) times a plain "
            + "loop's time on the same machine; the column Avalanche (estimated) is the measured ratio times that."},
    footer = {
        "  ./perennial bench loop",
        "  ./perennial bench loop --techniques der++ --rounds 5 --peer ~/venv/bin/python --json loop.json"})
public final class LoopBench implements Callable<Integer> {

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "A directory of IDX images. Default: where Debian's package dataset-fashion-mnist puts them.")
  private @Nullable Path data;

  @Option(
      names = "--techniques",
      paramLabel = "a,b",
      split = ",",
      defaultValue = "fine-tune,replay,der++",
      description = "Which ones of fine-tune, replay and der++. Default: all.")
  private List<String> techniques = new ArrayList<>();

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "1",
      description = "Threads that compute, on both sides; more make networks this small slower. Default: "
          + "${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often each side is timed; the median counts. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--peer",
      paramLabel = "PYTHON",
      description = "A Python interpreter that has PyTorch. Default: " + TorchProcess.DEFAULT_PYTHON + ", if it has.")
  private @Nullable String peer;

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
   * @throws dev.perennial.UsageException if an option is out of range, the data cannot be used, or the peer's
   *     interpreter does not start
   * @throws dev.perennial.FailureException if the peer fails, or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--threads", threads, 1, 1024);
    Numbers.require("--rounds", rounds, 1, 1000);
    List<LoopTechnique> chosen = LoopTechnique.named(techniques);
    output.check();
    Path directory = FashionMnist.directory("bench loop", data);
    PrintWriter err = spec.commandLine().getErr();
    err.println("loop: reading " + directory);
    err.flush();
    var learner = LoopLearner.of(directory, threads, clock);
    LoopFigures figures = new LoopComparison(learner, chosen, rounds, ticker, err).run(peer);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }
}
