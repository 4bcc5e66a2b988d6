package dev.perennial.measure;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the report's script draws, in percent.
 *
 * @param seen lines over the stream, one or two a run: among all classes, and with the task told where that differs
 * @param classes the names of the bars, the most forgotten class first
 * @param forgotten a bar for each class, one list a run
 */
record ChartData(List<Line> seen, List<String> classes, List<Bars> forgotten) {
  /** More classes than this cannot be told apart; the table beside them has every one. */
  private static final int MOST_CLASSES = 20;

  /**
   * A line over the experiences.
   *
   * @param run the run it is of, from 0: a run keeps its colour
   * @param name what the legend says
   * @param told whether the task is told at prediction: then the line is dashed
   * @param percent a value after each experience
   */
  record Line(int run, String name, boolean told, List<Double> percent) {}

  /**
   * A run's bars.
   *
   * @param name what the legend says
   * @param percent a value for each class; null where the run never met it
   */
  record Bars(String name, List<@Nullable Double> percent) {}

  static ChartData of(List<ReportRun> runs, ForgettingGrid forgetting) {
    var lines = new ArrayList<Line>();
    var bars = new ArrayList<Bars>();
    List<String> classes = forgetting.classes().stream().limit(MOST_CLASSES).toList();
    for (int r = 0; r < runs.size(); r++) {
      ReportRun run = runs.get(r);
      lines.add(line(r, run, run.taskTold()));
      if (!run.taskTold()) {
        lines.add(line(r, run, true));
      }
      var percent = new ArrayList<@Nullable Double>();
      for (String name : classes) {
        ClassForgetting c = forgetting.byRun().get(r).get(name);
        percent.add(c == null ? null : percent(c.forgetting()));
      }
      bars.add(new Bars(run.name(), percent));
    }
    return new ChartData(lines, classes, bars);
  }

  private static Line line(int index, ReportRun run, boolean told) {
    List<Double> percent =
        Metrics.of(run.history(), told).seenAccuracy().stream().map(ChartData::percent).toList();
    return new Line(index, told ? run.name() + ", task told" : run.name(), told, percent);
  }

  private static double percent(double fraction) {
    return Math.round(10_000 * fraction) / 100.0;
  }
}
