package dev.perennial.bench;

import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;

/**
 * What JMH measured.
 *
 * @param machine it was measured on
 * @param benchmarks in the order in which they ran
 */
record JmhFigures(Machine machine, List<Score> benchmarks) {

  /**
   * One benchmark.
   *
   * @param name class and method
   * @param score mean over the iterations
   * @param error half the width of the 99.9 % confidence interval; not a number with fewer than three iterations
   * @param unit of both
   */
  record Score(String name, double score, double error, String unit) {

    private static Score of(RunResult run) {
      Result<?> primary = run.getPrimaryResult();
      String name = run.getParams().getBenchmark();
      String shortName = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
      return new Score(shortName, primary.getScore(), primary.getScoreError(), primary.getScoreUnit());
    }
  }

  static JmhFigures of(Machine machine, Collection<RunResult> runs) {
    return new JmhFigures(machine, runs.stream().map(Score::of).toList());
  }

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "mean", "+-", "unit");
    for (Score benchmark : benchmarks) {
      table.row(benchmark.name, Numbers.fine(benchmark.score),
          Double.isNaN(benchmark.error) ? "-" : Numbers.fine(benchmark.error), benchmark.unit);
    }
    return String.join(System.lineSeparator(), machine.line(), "", table.text(), "",
        "measured " + benchmarks.size() + (benchmarks.size() == 1 ? " benchmark" : " benchmarks") + " with JMH");
  }
}
