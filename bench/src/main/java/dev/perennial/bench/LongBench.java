package dev.perennial.bench;

import com.sun.management.OperatingSystemMXBean;
import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.Result;
import dev.perennial.snapshot.SnapshotOptions;
import java.io.IOException;
import java.lang.management.ManagementFactory;
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

/** {@code perennial bench long}: whether the last tasks of a long stream cost what the first did. */
@Command(
    name = "long",
    abbreviateSynopsis = true,
    header = "Measure a stream of hundreds of tasks: seconds and bytes of each, and whether they stay level.",
    description = {
        "",
        "Learns a stream into a store, with a commit after each task that is on disk before the next begins. For each task: the "
            + "seconds of learning and of its commit (not those of evaluation), what processors worked meanwhile, the bytes of the learner's state, of the texts "
            + "that a commit keeps beside it, and of the whole store.",
        "",
        "Late / early compares medians: of the last quarter of the tasks and of the third to the eighth. Sums of classes grow "
            + "with classes by nature; what grows with tasks alone is to be 1."},
    footer = {
        "  ./perennial bench long --data clinc150.jsonl.gz --text text --label label --split split \\",
        "      --drop-label out_of_scope --tasks 150 --json long.json",
        "  ./perennial bench long --data clinc150.jsonl.gz --text text --label label --split split \\",
        "      --drop-label out_of_scope --scenario recurring --scenario-option rounds=2 --tasks 300",
        "  ./perennial bench long --data wordnet-subtrees --scenario domain-incremental --technique g-acil"})
public final class LongBench implements Callable<Integer> {

  /** The shortest stream that has a third to eighth task, and a last quarter behind them. */
  private static final int LEAST = 12;

  @Mixin
  private StreamOptions stream = new StreamOptions();

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
      names = "--directory",
      paramLabel = "DIR",
      description = "Where the store is made, and deleted at the end. Default: where temporary files are.")
  private @Nullable Path directory;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, the stream is short, or the data cannot be used
   * @throws dev.perennial.FailureException if the data cannot be read, or the figures cannot be written
   * @throws IOException if the store cannot be deleted
   */
  @Override
  public Integer call() throws IOException {
    RunSpec run = stream.run(technique, KeyValues.of("--option", options), Budget.UNLIMITED);
    output.check();
    var told = new Progress(spec.commandLine().getErr(), ticker, "long");
    Path place = ScratchDirectory.in(directory, "perennial-long");
    var watch = new LongWatch(place.resolve("store"), LEAST, told, ticker, LongBench::worked);
    LongFigures figures;
    try (Run learning = Run.create(run, place.resolve("store"), SnapshotOptions.DEFAULT, Clock.systemUTC(), watch)) {
      Result result = learning.execute();
      watch.finish();
      figures = LongFigures.of(Machine.here(run.threads()), run, result, learning.reportRun(technique).bricks().size(),
          watch.tasks());
    } finally {
      ScratchDirectory.delete(place);
    }
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private static long worked() {
    return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime();
  }
}
