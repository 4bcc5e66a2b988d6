package dev.perennial.measure;

import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Forgetting by class, of all runs: the class that any run forgot most comes first.
 *
 * @param classes their names, in that order
 * @param byRun for each run, what it forgot of the classes it met
 */
record ForgettingGrid(List<String> classes, List<Map<String, ClassForgetting>> byRun) {

  static ForgettingGrid of(List<ReportRun> runs) {
    var byRun = new ArrayList<Map<String, ClassForgetting>>();
    var worst = new LinkedHashMap<String, Double>();
    for (ReportRun run : runs) {
      var byClass = new LinkedHashMap<String, ClassForgetting>();
      for (ClassForgetting c : ClassForgetting.of(run.history(), run.taskTold())) {
        byClass.put(c.name(), c);
        worst.merge(c.name(), c.forgetting(), Math::max);
      }
      byRun.add(byClass);
    }
    List<String> classes = worst.entrySet().stream()
        .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
        .map(Map.Entry::getKey)
        .toList();
    return new ForgettingGrid(classes, byRun);
  }

  /** The classes as rows: each run's forgetting, and the accuracies that it lies between. */
  Grid grid(List<ReportRun> runs) {
    List<Row> rows = classes.stream()
        .map(name -> new Row(name, "", byRun.stream().map(r -> item(r.get(name))).toList()))
        .toList();
    return new Grid("Best accuracy so far minus the last, by class", Grid.heads("Class", runs), rows, "plain");
  }

  private static Item item(@Nullable ClassForgetting c) {
    if (c == null) {
      return new Item("–", "not met", "", "");
    }
    return new Item(
        Figure.percent(c.forgetting()), Figure.percent(c.best()) + " → " + Figure.percent(c.last()), "", "");
  }
}
