package dev.perennial.measure;

import dev.perennial.budget.Resource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * The content of the HTML report, as the template {@code report.html} names it.
 *
 * @param title the page's title
 * @param summary what was run, in a sentence
 * @param cards each run's figures at a glance
 * @param quality how well the streams were learned
 * @param cost what that cost
 * @param matrices the accuracy matrix of each run
 * @param seen the accuracy over the stream
 * @param calibrations how far each run that judges itself was right
 * @param forgetting what was forgotten of each class
 * @param streams what arrived, once for all runs that have it in common
 * @param details what belongs to each run alone
 * @param barLines how many text lines high the bar chart is
 */
record Page(
    String title,
    String summary,
    List<Card> cards,
    Grid quality,
    Grid cost,
    List<Grid> matrices,
    Grid seen,
    List<Grid> calibrations,
    Grid forgetting,
    List<Grid> streams,
    List<RunDetails> details,
    int barLines) {

  /**
   * A run at a glance.
   *
   * @param series the number of its colour
   */
  record Card(
      int series, String name, String technique, String finalAccuracy, String forgetting, String taskForgetting,
      String parameters, String learned) {}

  static Page of(String title, List<ReportRun> runs, ForgettingGrid forgetting, ChartData charts) {
    return new Page(
        title,
        summary(runs),
        IntStream.range(0, runs.size()).mapToObj(i -> card(i, runs.get(i))).toList(),
        FigureGrids.quality(runs),
        FigureGrids.cost(runs),
        runs.stream().map(StreamGrids::matrix).toList(),
        StreamGrids.seen(runs),
        runs.stream().filter(run -> !run.result().calibration().isEmpty()).map(StreamGrids::calibration).toList(),
        forgetting.grid(runs),
        streams(runs),
        IntStream.range(0, runs.size()).mapToObj(i -> RunDetails.of(i, runs.get(i))).toList(),
        4 + charts.classes().size() * (runs.size() + 1));
  }

  boolean anyCalibration() {
    return !calibrations.isEmpty();
  }

  boolean anyBricks() {
    return details.stream().anyMatch(RunDetails::hasBricks);
  }

  private static Card card(int index, ReportRun run) {
    Result result = run.result();
    return new Card(
        index % 6,
        run.name(),
        result.technique(),
        Figure.FINAL_ACCURACY.text(result),
        Figure.FORGETTING.text(result),
        Figure.TASK_FORGETTING.text(result),
        Figure.TRAINABLE_PARAMETERS.text(result),
        Resource.SECONDS.format(result.learnSeconds()));
  }

  private static String summary(List<ReportRun> runs) {
    return String.format(
        "%s over %s experiences and %s classes, %s, seed %s.",
        runs.size() == 1 ? "One run" : runs.size() + " runs",
        each(runs, Result::tasks), each(runs, Result::classes), each(runs, Result::scenario),
        each(runs, Result::seed));
  }

  private static String each(List<ReportRun> runs, Function<Result, Object> value) {
    List<String> values = runs.stream().map(r -> value.apply(r.result()).toString()).distinct().toList();
    return String.join(" or ", values);
  }

  private static List<Grid> streams(List<ReportRun> runs) {
    var names = new LinkedHashMap<Grid, List<String>>();
    runs.forEach(run -> names.computeIfAbsent(StreamGrids.experiences(run), g -> new ArrayList<>()).add(run.name()));
    if (names.size() == 1) {
      return List.copyOf(names.keySet());
    }
    return names.entrySet().stream()
        .map(e -> e.getKey().captioned(e.getKey().caption() + ": " + String.join(", ", e.getValue())))
        .toList();
  }
}
