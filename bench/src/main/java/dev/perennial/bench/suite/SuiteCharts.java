package dev.perennial.bench.suite;

import dev.perennial.measure.Metrics;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What the script of a suite's page draws, in percent, bytes and seconds, the best technique first.
 *
 * @param techniques a dot each
 * @param lines over the stream
 * @param curves over memory budgets; none where there were no two
 */
record SuiteCharts(List<Dot> techniques, List<Line> lines, List<Curve> curves) {

  /**
   * A technique.
   *
   * @param rank from 0: a technique keeps its colour
   * @param percent accuracy in the end, mean over seeds
   * @param deviation of it
   */
  record Dot(int rank, String name, double percent, double deviation, double bytes, double seconds) {}

  /**
   * A line over the experiences.
   *
   * @param percent of everything seen so far, mean over seeds, after each experience
   */
  record Line(int rank, String name, List<@Nullable Double> percent) {}

  /** A line over memory budgets. */
  record Curve(int rank, String name, List<Double> bytes, List<Double> percent) {}

  static SuiteCharts of(Ranking ranking, List<MemoryCurve> memory) {
    var dots = new ArrayList<Dot>();
    var lines = new ArrayList<Line>();
    var curves = new ArrayList<Curve>();
    for (int rank = 0; rank < ranking.standings().size(); rank++) {
      Ranking.Standing standing = ranking.standings().get(rank);
      Spread accuracy = standing.accuracy();
      dots.add(new Dot(rank, standing.technique(), percent(accuracy.mean()), percent(accuracy.deviation()),
          standing.of(run -> run.result().memoryBytes()).mean(),
          standing.of(run -> run.result().learnSeconds()).mean()));
      lines.add(new Line(rank, standing.technique(), seen(standing)));
      for (MemoryCurve curve : memory) {
        if (curve.technique().equals(standing.technique())) {
          curves.add(new Curve(rank, curve.technique(),
              curve.points().stream().map(point -> (double) point.bytes()).toList(),
              curve.points().stream().map(point -> percent(point.last())).toList()));
        }
      }
    }
    return new SuiteCharts(dots, lines, curves);
  }

  /** The accuracy after each experience, mean over the runs that came so far; null where none did. */
  static List<@Nullable Double> seen(Ranking.Standing standing) {
    List<List<Double>> runs = standing.runs().stream()
        .map(run -> Metrics.of(run.history(), run.result().scenario().equals("task-incremental")).seenAccuracy())
        .toList();
    int tasks = standing.runs().getFirst().result().tasks();
    var means = new ArrayList<@Nullable Double>();
    IntStream.range(0, tasks).forEach(i -> {
      OptionalDouble mean = runs.stream().filter(run -> run.size() > i).mapToDouble(run -> run.get(i)).average();
      means.add(mean.isPresent() ? percent(mean.getAsDouble()) : null);
    });
    return means;
  }

  private static double percent(double fraction) {
    return Math.round(10_000 * fraction) / 100.0;
  }
}
