package dev.perennial.measure;

import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;

/** The headline tables: every figure of every run side by side, with what it says. */
final class FigureGrids {
  private FigureGrids() {}

  static Grid quality(List<ReportRun> runs) {
    return of("How well the stream was learned", Figure::isQuality, runs);
  }

  /** As {@link #quality}, each amount with a bar against the largest of its row. */
  static Grid cost(List<ReportRun> runs) {
    String caption = runs.size() == 1 ? "What it cost" : "What it cost; the bars compare the runs of a row";
    return of(caption, f -> !f.isQuality(), runs);
  }

  private static Grid of(String caption, Predicate<Figure> which, List<ReportRun> runs) {
    List<Result> results = runs.stream().map(ReportRun::result).toList();
    List<Row> rows = Arrays.stream(Figure.values())
        .filter(which)
        .map(figure -> new Row(figure.title(), figure.meaning(), items(figure, results)))
        .toList();
    return Grid.of(caption, Grid.heads("Figure", runs), rows);
  }

  private static List<Item> items(Figure figure, List<Result> results) {
    double most = results.stream().mapToDouble(figure::of).max().orElseThrow();
    boolean differ = results.stream().mapToDouble(figure::of).distinct().count() > 1;
    var items = new ArrayList<Item>();
    for (Result result : results) {
      String note = differ && figure.isBest(result, results) ? "best" : "";
      boolean bar = differ && !figure.isQuality();
      items.add(new Item(
          figure.text(result), note, note + (bar ? " bar" : ""), bar ? Grid.fraction(figure.of(result) / most) : ""));
    }
    return items;
  }
}
