package dev.perennial.measure;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * How much of one class was forgotten.
 *
 * <p>A class that came with several experiences has its own test rows in each: every experience's rows have their own
 * best moment, and each row counts once.
 *
 * @param name the class
 * @param arrived the experience that first brought it, from 0
 * @param rows its test rows
 * @param best its best accuracy so far
 * @param last its accuracy after the last experience
 */
public record ClassForgetting(String name, int arrived, long rows, double best, double last) {

  /** The best accuracy so far minus the last; never below 0. */
  public double forgetting() {
    return best - last;
  }

  /**
   * Every class of a history, the most forgotten first, then by arrival, then by name.
   *
   * @param history at least one evaluation
   * @param taskTold as for {@link Metrics#of}
   */
  public static List<ClassForgetting> of(AccuracyHistory history, boolean taskTold) {
    ToLongFunction<ClassCount> correct = taskTold ? ClassCount::correctMasked : ClassCount::correct;
    var sums = new LinkedHashMap<String, Sum>();
    for (Cell cell : history.last().cells()) {
      cell.byClass().forEach((name, last) -> {
        long best = history.evaluations().stream()
            .skip(cell.experience())
            .mapToLong(e -> correct.applyAsLong(e.cells().get(cell.experience()).byClass().get(name)))
            .max()
            .orElseThrow();
        var sum = new Sum(cell.experience(), last.rows(), best, correct.applyAsLong(last));
        sums.merge(name, sum, Sum::plus);
      });
    }
    var classes = new ArrayList<ClassForgetting>();
    sums.forEach((name, s) -> classes.add(
        new ClassForgetting(name, s.arrived, s.rows, (double) s.best / s.rows, (double) s.last / s.rows)));
    classes.sort(Comparator.comparingDouble(ClassForgetting::forgetting).reversed()
        .thenComparing(ClassForgetting::arrived)
        .thenComparing(ClassForgetting::name));
    return classes;
  }

  private record Sum(int arrived, long rows, long best, long last) {

    Sum plus(Sum later) {
      return new Sum(arrived, rows + later.rows, best + later.best, last + later.last);
    }
  }
}
