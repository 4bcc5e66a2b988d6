package dev.perennial.bench;

import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.engine.RunSpec;
import dev.perennial.tune.TuningLimit;
import dev.perennial.tune.TuningSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that the commands which tune have in common: what to tune on, and how long. */
public final class TuningOptions {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(
      names = "--budget",
      arity = "1..*",
      paramLabel = "k=v",
      description = "seconds=5min limits all trials together; parameters, bytes and labels limit each candidate, as "
          + "for learn. Can be repeated.")
  private List<String> budget = new ArrayList<>();

  @Option(
      names = "--runs",
      paramLabel = "N",
      description = "Trials at most. Without a limit on seconds the outcome then depends on the request alone.")
  private @Nullable Integer runs;

  @Option(
      names = "--abandon",
      description = "Abandon a trial half-way where it is below the median of those before it, while the record of such "
          + "predictions says that this saves time.")
  private boolean abandon;

  /** No option is given yet. */
  public TuningOptions() {}

  /**
   * What is asked for.
   *
   * @param techniques that take part
   * @param seconds that trials may take where no limit is given; null for no limit
   * @throws dev.perennial.UsageException if something is missing, or out of range
   */
  public TuningSpec spec(List<String> techniques, @Nullable Double seconds) {
    var limits = new HashMap<>(Budget.parse(budget).limits());
    Double given = limits.remove(Resource.SECONDS);
    RunSpec run = stream.run(RunSpec.DEFAULT_TECHNIQUE, Map.of(), new Budget(limits));
    return new TuningSpec(run, techniques, new TuningLimit(given == null && runs == null ? seconds : given, runs),
        abandon);
  }

  /** The words of {@code learn} that name the same stream and limits, as they were given. */
  public List<String> learnWords() {
    var words = new ArrayList<>(stream.words());
    budget.stream().filter(limit -> !limit.strip().startsWith(Resource.SECONDS.id()))
        .forEach(limit -> words.addAll(List.of("--budget", limit)));
    return words;
  }
}
