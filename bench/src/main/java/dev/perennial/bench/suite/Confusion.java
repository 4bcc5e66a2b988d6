package dev.perennial.bench.suite;

import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cell;
import dev.perennial.measure.ClassCount;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * How often one class was taken for another, right after it was learned and at the end of the stream.
 *
 * @param label the class
 * @param takenFor the other
 * @param first the share of its test rows right after the experiences that brought them
 * @param last the share at the end
 */
record Confusion(String label, String takenFor, double first, double last) {

  double growth() {
    return last - first;
  }

  /** A class's test rows, and how many of them were taken for another class. */
  private static final class Rows {
    private long rows;
    private final Map<String, Long> first = new TreeMap<>();
    private final Map<String, Long> last = new TreeMap<>();
  }

  /** Those of some runs together that have grown, the one that grew most first. */
  static List<Confusion> grown(List<AccuracyHistory> histories) {
    var byLabel = new TreeMap<String, Rows>();
    histories.forEach(history -> count(history, byLabel));
    var grown = new ArrayList<Confusion>();
    byLabel.forEach((label, rows) -> rows.last.forEach((other, count) -> {
      double first = (double) rows.first.getOrDefault(other, 0L) / rows.rows;
      var confusion = new Confusion(label, other, first, (double) count / rows.rows);
      if (confusion.growth() > 0) {
        grown.add(confusion);
      }
    }));
    grown.sort(Comparator.comparingDouble(Confusion::growth).reversed()
        .thenComparing(Confusion::label).thenComparing(Confusion::takenFor));
    return grown;
  }

  private static void count(AccuracyHistory history, Map<String, Rows> byLabel) {
    for (Cell last : history.last().cells()) {
      int experience = last.experience();
      Cell first = history.evaluations().get(experience).cells().get(experience);
      last.byClass().forEach((label, count) -> {
        Rows rows = byLabel.computeIfAbsent(label, name -> new Rows());
        rows.rows += count.rows();
        add(rows.first, Objects.requireNonNull(first.byClass().get(label)));
        add(rows.last, count);
      });
    }
  }

  private static void add(Map<String, Long> sums, ClassCount count) {
    count.mistakes().forEach((other, rows) -> sums.merge(other, rows, Long::sum));
  }
}
