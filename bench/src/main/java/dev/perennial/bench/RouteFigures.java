package dev.perennial.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What is left of the accuracy of bricks where routers find the task.
 *
 * @param machine what it was measured on
 * @param data files, or wordnet
 * @param epochs over a task's rows for its brick
 * @param steps for top-p and recurrent
 * @param trials one a seed
 * @param routers in the order asked for
 */
record RouteFigures(
    Machine machine, List<String> data, int epochs, int steps, List<Trial> trials, List<Row> routers) {

  /**
   * One seed.
   *
   * @param tasks and bricks
   * @param rows of all tasks, for testing
   * @param validationRows to choose by; 0 where there are none
   * @param withTask accuracy on test rows where each is given to the brick of its task
   * @param outcomes by router
   */
  record Trial(
      long seed, int tasks, int rows, int validationRows, double withTask, SortedMap<String, Outcome> outcomes) {}

  /**
   * A router with one seed.
   *
   * @param found share of test rows whose heaviest brick is that of their task
   * @param aloneValidation accuracy on validation rows, each with its heaviest brick alone
   * @param alone the same on test rows
   * @param mixedValidation accuracy on validation rows, with bricks mixed; null where the router does not mix
   * @param mixed the same on test rows
   */
  record Outcome(double found, double aloneValidation, double alone, @Nullable Double mixedValidation,
      @Nullable Double mixed) {

    /** Of a router that does not mix. */
    static Outcome alone(double found, double validation, double test) {
      return new Outcome(found, validation, test, null, null);
    }

    /** One line. */
    String text() {
      return String.format(Locale.ROOT, "task found %.4f, accuracy with the heaviest brick %.4f (validation %.4f)", found,
          alone, aloneValidation) + (mixed == null || mixedValidation == null ? "" : String.format(Locale.ROOT,
              ", mixed %.4f (validation %.4f)", mixed, mixedValidation));
    }
  }

  /**
   * A router over all seeds, used as the validation rows say.
   *
   * @param mixes whether bricks are mixed, and not the heaviest used alone
   * @param found mean share of test rows whose heaviest brick is that of their task
   * @param validation mean accuracy on validation rows
   * @param accuracy mean on test rows
   * @param ratio mean of accuracy / accuracy with task ids
   * @param deviation of the ratio over seeds, 0 for one
   */
  record Row(
      String router, boolean mixes, double found, double validation, double accuracy, double ratio, double deviation) {}

  static RouteFigures of(
      Machine machine, List<String> data, int epochs, int steps, List<String> routers, List<Trial> trials) {
    return new RouteFigures(
        machine, data, epochs, steps, List.copyOf(trials), routers.stream().map(router -> row(router, trials)).toList());
  }

  private static Row row(String router, List<Trial> trials) {
    boolean mixes = mean(trials, trial -> or(outcome(trial, router).mixedValidation))
        > mean(trials, trial -> outcome(trial, router).aloneValidation);
    ToDoubleFunction<Trial> accuracy = trial -> {
      Outcome outcome = outcome(trial, router);
      return mixes ? or(outcome.mixed) : outcome.alone;
    };
    ToDoubleFunction<Trial> ratio = trial -> accuracy.applyAsDouble(trial) / trial.withTask;
    double mean = mean(trials, ratio);
    double squares = trials.stream().mapToDouble(trial -> Math.pow(ratio.applyAsDouble(trial) - mean, 2)).sum();
    return new Row(router, mixes, mean(trials, trial -> outcome(trial, router).found),
        mean(trials, trial -> mixes ? or(outcome(trial, router).mixedValidation) : outcome(trial, router).aloneValidation),
        mean(trials, accuracy), mean, trials.size() < 2 ? 0 : Math.sqrt(squares / (trials.size() - 1)));
  }

  private static double or(@Nullable Double value) {
    return value == null ? 0 : value;
  }

  private static Outcome outcome(Trial trial, String router) {
    Outcome outcome = trial.outcomes.get(router);
    if (outcome == null) {
      throw new IllegalArgumentException("router " + router + " was not measured");
    }
    return outcome;
  }

  private static double mean(List<Trial> trials, ToDoubleFunction<Trial> figure) {
    return trials.stream().mapToDouble(figure).average().orElseThrow();
  }

  /** For people; the last line says what counts. */
  String text() {
    Trial first = trials.getFirst();
    double withTask = mean(trials, Trial::withTask);
    var table = new Table("router", "task found", "accuracy", "/ with task ids", "deviation", "bricks");
    table.row("by task", "1.000", share(withTask), "1.000", "", "the task's own");
    for (Row row : routers) {
      table.row(row.router, share(row.found), share(row.accuracy), share(row.ratio), share(row.deviation),
          row.mixes ? "mixed" : "the heaviest");
    }
    var lines = new ArrayList<>(List.of(
        "routing over " + first.tasks + " bricks, each learned apart: " + Numbers.whole(first.rows) + " test rows, "
            + trials.size() + (trials.size() == 1 ? " seed" : " seeds"),
        machine.line(), "", table.text(), ""));
    if (first.validationRows == 0) {
      lines.add("There are no validation rows to choose by: every row went to its heaviest brick, and no router is best.");
    }
    Row best = routers.stream().max(Comparator.comparingDouble(Row::validation)).orElseThrow();
    lines.add(first.validationRows == 0
        ? "without task ids / with: " + String.join(", ",
            routers.stream().map(row -> row.router + " " + share(row.ratio)).toList())
        : "without task ids / with: " + share(best.ratio) + " by " + best.router + ", the best on the validation rows");
    return String.join(System.lineSeparator(), lines);
  }

  private static String share(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
