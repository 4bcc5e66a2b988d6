package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.tensor.Workers;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench learn}: LoRA steps against PyTorch's, and analytic learning, in examples a second. */
@Command(
    name = "learn",
    header = "Measure learning: LoRA steps, beside PyTorch where there is one, and analytic learning.",
    description = {
        "",
        "A LoRA step is 32 texts of 64 tokens through all-MiniLM-L6-v2, rank 8 on query and value, 150 classes. PyTorch does "
            + "the same work in a process of its own, with as many threads, right before and right after ours. Analytic "
            + "learning (g-acil) takes glosses of WordNet, once from texts and once from cached features."},
    footer = {
        "  ./perennial bench learn",
        "  ./perennial bench learn --peer ~/venv/bin/python --json learn.json"})
public final class LearnBench implements Callable<Integer> {

  private static final int WARM_UP = 2;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "2",
      description = "Threads that compute, on both sides. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "15",
      description = "LoRA steps that are timed; the median counts. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--examples",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Examples that are learned analytically at most. Default: ${DEFAULT-VALUE}.")
  private int examples;

  @Option(
      names = "--features",
      paramLabel = "N",
      defaultValue = "4096",
      description = "Random features of the analytic head. Default: ${DEFAULT-VALUE}.")
  private int features;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often analytic learning is timed; the median counts. Default: ${DEFAULT-VALUE}.")
  private int repeats;

  @Option(
      names = "--peer",
      paramLabel = "PYTHON",
      description = "A Python interpreter that has PyTorch. Default: " + TorchProcess.DEFAULT_PYTHON + ", if it has.")
  private @Nullable String peer;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws dev.perennial.UsageException if an option is out of range, or the peer's interpreter does not start
   * @throws dev.perennial.FailureException if the peer fails, or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--threads", threads, 1, 1024);
    Numbers.require("--steps", steps, 1, LoraStep.MOST_STEPS - WARM_UP);
    Numbers.require("--examples", examples, 1, 100_000);
    Numbers.require("--features", features, 8, 65_536);
    Numbers.require("--repeats", repeats, 1, 1000);
    output.check();
    LearnFigures figures = measure(spec.commandLine().getErr());
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private LearnFigures measure(PrintWriter err) {
    var python = new TorchPeer(peer == null ? TorchProcess.DEFAULT_PYTHON : peer);
    err.println("learn: " + steps + " LoRA steps of PyTorch, before ours");
    TorchPeer.Outcome before = peer == null && !Files.isExecutable(Path.of(python.python()))
        ? python.absent()
        : torch(python);
    if (before instanceof TorchPeer.Unfit(String why)) {
      err.println("learn: " + why);
    }
    try (var workers = new Workers(threads); Backbone backbone = Backbones.load("minilm")) {
      err.println("learn: " + steps + " LoRA steps of ours");
      var lora = LearnFigures.Lora.of(
          new LoraStep(LoraStep.context(backbone, workers), ticker).measure(WARM_UP, steps));
      LearnFigures.Torch torch = null;
      if (before instanceof TorchPeer.Steps first) {
        err.println("learn: " + steps + " LoRA steps of PyTorch, after ours");
        torch = both(python, first);
      }
      err.println("learn: analytic learning, " + repeats + " times from texts and from cached features");
      LearnFigures.Analytic analytic =
          new AnalyticLearning(backbone, workers, features, ticker).measure(BenchTexts.wordNet(examples), repeats);
      Double ratio = torch == null ? null : torch.steps().secondsPerStep() / lora.secondsPerStep();
      return new LearnFigures(Machine.here(threads), lora, torch, ratio, analytic);
    }
  }

  private TorchPeer.Outcome torch(TorchPeer python) {
    return python.run(threads, WARM_UP, steps);
  }

  /** The steps before ours and those after, as one. */
  private LearnFigures.Torch both(TorchPeer python, TorchPeer.Steps before) {
    var seconds = new ArrayList<>(before.timings().seconds());
    if (torch(python) instanceof TorchPeer.Steps after) {
      seconds.addAll(after.timings().seconds());
    }
    return new LearnFigures.Torch(before.version(), before.blas(), python.python(),
        LearnFigures.Lora.of(new Timings(seconds)));
  }
}
