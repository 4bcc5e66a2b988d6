package dev.perennial.measure;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Results as plain text for a terminal: aligned columns, percentages, bytes and seconds as people read them. */
public final class TextReport {
  /** More columns than this do not fit a terminal of 120 columns. */
  private static final int WIDEST_MATRIX = 16;

  private TextReport() {}

  /**
   * A result's accuracy matrix in percent: a row for each experience learned, a column for each one evaluated, both
   * counted from 1. Over more than 16 experiences it is a row for each one evaluated: right after learning, at best, at
   * last.
   */
  public static String matrix(Result result) {
    List<List<Double>> accuracy = result.accuracy();
    return accuracy.size() <= WIDEST_MATRIX ? full(accuracy) : summary(accuracy);
  }

  /**
   * How far a result's confidences hold, in percent: a row for each experience learned; empty where it has none. Over
   * more than 16 experiences the last alone.
   */
  public static String calibration(Result result) {
    List<Calibration> all = result.calibration();
    if (all.isEmpty()) {
      return "";
    }
    var columns = new Columns().row(List.of("calibration", "error", "at temperature 1", "temperature", "rows kept"));
    for (int i = all.size() <= WIDEST_MATRIX ? 0 : all.size() - 1; i < all.size(); i++) {
      Calibration calibration = all.get(i);
      columns.row(List.of("after " + (i + 1), percent(calibration.error()), percent(calibration.plainError()),
          String.format(Locale.ROOT, "%.4f", calibration.temperature()), percent(calibration.kept())));
    }
    return columns.text();
  }

  /** Results side by side: a row for each figure, a column for each result, headed by its technique. */
  public static String comparison(List<Result> results) {
    var columns = new Columns().row(row("", results.stream().map(Result::technique)));
    for (Figure figure : Figure.values()) {
      columns.row(row(figure.title(), results.stream().map(figure::text)));
    }
    return columns.text();
  }

  private static String full(List<List<Double>> accuracy) {
    var columns = new Columns()
        .row(row("accuracy on", IntStream.rangeClosed(1, accuracy.size()).mapToObj(Integer::toString)));
    for (int i = 0; i < accuracy.size(); i++) {
      columns.row(row("after " + (i + 1), accuracy.get(i).stream().map(TextReport::percent)));
    }
    return columns.text();
  }

  private static String summary(List<List<Double>> accuracy) {
    var columns = new Columns().row(List.of("accuracy on", "learned", "best", "last"));
    int last = accuracy.size() - 1;
    for (int experience = 0; experience <= last; experience++) {
      int j = experience;
      double best = IntStream.rangeClosed(j, last).mapToDouble(i -> accuracy.get(i).get(j)).max().orElseThrow();
      columns.row(row(
          Integer.toString(j + 1),
          Stream.of(accuracy.get(j).get(j), best, accuracy.get(last).get(j)).map(TextReport::percent)));
    }
    return columns.text();
  }

  private static List<String> row(String head, Stream<String> cells) {
    return Stream.concat(Stream.of(head), cells).toList();
  }

  private static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f", 100 * fraction);
  }
}
