package dev.perennial.measure;

import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The tables that follow the stream: what arrived, and what was known after each arrival. */
final class StreamGrids {
  private StreamGrids() {}

  /** The experiences of a run: their names, test rows and the classes that each brings first. */
  static Grid experiences(ReportRun run) {
    Set<String> seen = new HashSet<>();
    var rows = new ArrayList<Row>();
    for (Cell cell : run.history().last().cells()) {
      List<String> fresh = cell.byClass().keySet().stream().filter(seen::add).toList();
      rows.add(new Row(
          Integer.toString(cell.experience() + 1),
          "",
          List.of(
              Item.words(run.experiences().get(cell.experience())),
              Item.of(String.format(Locale.ROOT, "%,d", cell.rows())),
              Item.words(fresh.isEmpty() ? "none" : String.join(", ", fresh)))));
    }
    return new Grid("What arrived", List.of("#", "Experience", "Test rows", "New classes"), rows, "index");
  }

  /** The accuracy on everything seen so far, after each experience, of all runs; beside it that with the task told. */
  static Grid seen(List<ReportRun> runs) {
    int longest = runs.stream().mapToInt(r -> r.history().evaluations().size()).max().orElseThrow();
    List<List<Item>> columns = runs.stream().map(run -> seen(run, longest)).toList();
    List<Row> rows = IntStream.range(0, longest)
        .mapToObj(i -> new Row(Integer.toString(i + 1), "", columns.stream().map(c -> c.get(i)).toList()))
        .toList();
    return new Grid(
        "Accuracy on everything seen so far; in small, with the task told", Grid.heads("After", runs), rows, "index");
  }

  private static List<Item> seen(ReportRun run, int length) {
    List<Double> all = Metrics.of(run.history(), run.taskTold()).seenAccuracy();
    List<Double> told = Metrics.of(run.history(), true).seenAccuracy();
    return IntStream.range(0, length)
        .mapToObj(i -> i >= all.size()
            ? Item.of("–")
            : new Item(Figure.percent(all.get(i)), run.taskTold() ? "" : Figure.percent(told.get(i)), "", ""))
        .toList();
  }

  /** What a run that judges itself was worth after each experience: of a run in which every evaluation has that. */
  static Grid calibration(ReportRun run) {
    var rows = new ArrayList<Row>();
    for (Calibration calibration : run.result().calibration()) {
      rows.add(new Row(Integer.toString(rows.size() + 1), "", List.of(
          Item.of(Figure.percent(calibration.error())), Item.of(Figure.percent(calibration.plainError())),
          Item.of(String.format(Locale.ROOT, "%.4f", calibration.temperature())),
          Item.of(Figure.percent(calibration.kept())))));
    }
    return new Grid(run.name() + ": how far confidences hold, and test rows taken for known",
        List.of("After", "Calibration error", "At temperature 1", "Temperature", "Kept"), rows, "index");
  }

  /** A run's accuracy matrix as a heat map. */
  static Grid matrix(ReportRun run) {
    List<List<Double>> accuracy = run.result().accuracy();
    List<String> heads = Stream.concat(
            Stream.of("After"), IntStream.rangeClosed(1, accuracy.size()).mapToObj(Integer::toString))
        .toList();
    var rows = new ArrayList<Row>();
    for (int i = 0; i < accuracy.size(); i++) {
      Stream<Item> known = accuracy.get(i).stream().map(StreamGrids::heat);
      Stream<Item> unknown = Stream.generate(() -> new Item("", "", "none", "")).limit(accuracy.size() - i - 1L);
      rows.add(new Row(Integer.toString(i + 1), "", Stream.concat(known, unknown).toList()));
    }
    return new Grid(run.name() + ": accuracy in percent, on the test rows of each experience", heads, rows, "heat");
  }

  private static Item heat(double accuracy) {
    // Where black and white text are equally readable: in the dark palette at a half, in the light one at 0.7.
    String shade = accuracy < 0.5 ? "" : accuracy < 0.7 ? " middle" : " strong";
    return new Item(String.format(Locale.ROOT, "%.0f", 100 * accuracy), "", "shade" + shade, Grid.fraction(accuracy));
  }
}
