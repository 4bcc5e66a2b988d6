package dev.perennial.bench.suite;

import dev.perennial.bench.Machine;
import dev.perennial.budget.Budget;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cost;
import dev.perennial.measure.Evaluation;
import dev.perennial.measure.Metrics;
import dev.perennial.measure.Result;
import dev.perennial.measure.Setup;
import dev.perennial.measure.Tally;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Finished runs and suites made up by hand. */
final class Runs {

  static final Machine MACHINE = new Machine("a processor", 2, 1, "libraries", "25", "Linux");

  private Runs() {}

  /** A suite of some techniques. */
  static Suite suite(int seeds, List<Long> budgets, String... techniques) {
    var options = new TreeMap<String, SortedMap<String, String>>();
    Arrays.stream(techniques).forEach(name -> options.put(name, new TreeMap<>()));
    RunSpec base = RunSpec.of(DataSpec.wordnet(300), 2).withThreads(1).withBudget(Budget.UNLIMITED);
    return new Suite("a, \"suite\"", base, options, seeds, budgets);
  }

  /**
   * A run over two experiences of 10 test rows each, whose classes are a and b; those of a that are wrong in the end
   * were taken for b.
   *
   * @param rightAtFirst rows of a that were right after the first experience
   * @param rightAtLast of both experiences together, those of a first; null where the second was not learned
   */
  static FinishedRun run(String technique, long seed, int rightAtFirst, @Nullable Integer rightAtLast, long bytes) {
    AccuracyHistory history = AccuracyHistory.EMPTY.with(
        new Evaluation(0, List.of(tally(0, "a", "c", rightAtFirst).cell())));
    if (rightAtLast != null) {
      history = history.with(new Evaluation(1, List.of(
          tally(0, "a", "b", Math.min(10, rightAtLast)).cell(),
          tally(1, "b", "a", Math.max(0, rightAtLast - 10)).cell())));
    }
    var setup = new Setup(technique, Map.of("text", "one, \"two\"\nthree"), seed, "class-incremental", 2, 2);
    Result result = Result.of(
        setup, Metrics.of(history, false), new Cost(1, 2, bytes, seed, 0.5, 100, 5), "5f".repeat(32));
    String stopped = rightAtLast == null ? "its time was up" : "";
    return new FinishedRun(result, history, 20, "data", MACHINE, "unknown", stopped);
  }

  private static Tally tally(int experience, String label, String other, int right) {
    var tally = new Tally(experience);
    for (int row = 0; row < 10; row++) {
      tally.count(label, row < right ? label : other, label);
    }
    return tally;
  }

  /** All runs of a suite, the one of each member as {@code maker} makes it. */
  static SuiteOutcome outcome(Suite suite, Function<Suite.Member, FinishedRun> maker) {
    var finished = new ArrayList<SuiteOutcome.Finished>();
    suite.members().forEach(member -> finished.add(new SuiteOutcome.Finished(member, maker.apply(member))));
    return new SuiteOutcome(suite, finished, List.of(), List.of());
  }
}
