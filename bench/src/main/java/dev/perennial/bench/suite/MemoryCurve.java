package dev.perennial.bench.suite;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How accurate a technique is with one memory budget after another.
 *
 * <p>Areas under the curve over the budgets, from the least to the largest, by trapezoids and divided by the width of
 * that range, so that 1 is the best there can be: AUC-A of the average accuracy (the mean over the stream of the
 * accuracy on everything seen so far), AUC-L of the last accuracy. Source: "Deep Class-Incremental Learning: A Survey",
 * arXiv 2302.03648.
 *
 * @param technique of the runs
 * @param points by budget, ascending; at least two, of different budgets
 */
record MemoryCurve(String technique, List<Point> points) {

  MemoryCurve {
    points = List.copyOf(points);
  }

  /**
   * A budget's runs.
   *
   * @param bytes the budget
   * @param average mean over seeds of the average accuracy
   * @param last mean over seeds of the accuracy at the end
   */
  record Point(long bytes, double average, double last) {}

  double aucAverage() {
    return area(Point::average);
  }

  double aucLast() {
    return area(Point::last);
  }

  private double area(ToDoubleFunction<Point> value) {
    double sum = 0;
    for (int i = 1; i < points.size(); i++) {
      Point from = points.get(i - 1);
      Point to = points.get(i);
      sum += (to.bytes() - from.bytes()) * (value.applyAsDouble(from) + value.applyAsDouble(to)) / 2;
    }
    return sum / (points.getLast().bytes() - points.getFirst().bytes());
  }

  /** The curves of the techniques that have runs with every budget, the largest AUC-L first; none for fewer than 2. */
  static List<MemoryCurve> of(SuiteOutcome outcome) {
    List<Long> budgets = outcome.suite().memoryBytes();
    var curves = new ArrayList<MemoryCurve>();
    if (budgets.size() > 1) {
      for (String technique : outcome.suite().techniques().keySet()) {
        var points = new ArrayList<Point>();
        for (long bytes : budgets) {
          Ranking.of(outcome.finished(), bytes).standings().stream()
              .filter(standing -> standing.technique().equals(technique))
              .forEach(standing -> points.add(new Point(
                  bytes, standing.of(FinishedRun::anytimeAccuracy).mean(), standing.accuracy().mean())));
        }
        if (points.size() == budgets.size()) {
          curves.add(new MemoryCurve(technique, points));
        }
      }
    }
    curves.sort(Comparator.comparingDouble(MemoryCurve::aucLast).reversed());
    return curves;
  }
}
