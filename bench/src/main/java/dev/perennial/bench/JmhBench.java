package dev.perennial.bench;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code perennial bench jmh}: single operations, measured by JMH. */
@Command(
    name = "jmh",
    header = "Measure single operations with JMH, each on one thread.",
    footer = {
        "  ./perennial bench jmh",
        "  ./perennial bench jmh AnalyticHead"})
public final class JmhBench implements Callable<Integer> {

  private static final int ITERATIONS = 5;

  @Parameters(
      paramLabel = "PATTERN",
      arity = "0..1",
      defaultValue = "Benchmark",
      description = "A regular expression: benchmarks whose name contains a match are run. Default: all.")
  private String pattern = "";

  @Option(
      names = "--forks",
      paramLabel = "N",
      defaultValue = "1",
      description = "Fresh processes that each benchmark runs in; 0 for this one. Default: ${DEFAULT-VALUE}.")
  private int forks;

  @Option(
      names = "--millis",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Length of each of the " + ITERATIONS + " iterations that warm up and the " + ITERATIONS
          + " that count. Default: ${DEFAULT-VALUE}.")
  private int millis;

  @Option(names = "--json", paramLabel = "OUT", description = "Write the figures to this file.")
  private @Nullable Path json;

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or no benchmark matches
   * @throws FailureException if a benchmark fails, or another process measures with JMH
   */
  @Override
  public Integer call() {
    Numbers.require("--forks", forks, 0, 100);
    Numbers.require("--millis", millis, 1, 600_000);
    var output = new JsonOutput(json);
    output.check();
    JmhFigures figures = measured();
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private JmhFigures measured() {
    var options = new OptionsBuilder()
        .include(checkedPattern())
        .forks(forks)
        .warmupIterations(ITERATIONS)
        .measurementIterations(ITERATIONS)
        .warmupTime(TimeValue.milliseconds(millis))
        .measurementTime(TimeValue.milliseconds(millis))
        .shouldFailOnError(true)
        .verbosity(VerboseMode.SILENT)
        .build();
    spec.commandLine().getErr().println("jmh: " + 2 * ITERATIONS + " iterations of " + millis
        + " ms for each benchmark and fork");
    try {
      return JmhFigures.of(Machine.here(1), new Runner(options).run());
    } catch (NoBenchmarksException e) {
      throw new UsageException("expected a pattern that a benchmark matches, got " + pattern
          + ": there are AnalyticHeadBenchmark.add and RandomProjectionBenchmark.apply", e);
    } catch (RunnerException e) {
      throw new FailureException("JMH did not come to its end: " + e.getMessage(), e);
    }
  }

  private String checkedPattern() {
    try {
      return Pattern.compile(pattern).pattern();
    } catch (PatternSyntaxException e) {
      throw new UsageException("expected a regular expression, got " + pattern + ": " + e.getDescription(), e);
    }
  }
}
