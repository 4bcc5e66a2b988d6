package dev.perennial.bench;

import dev.perennial.engine.RunSpec;
import dev.perennial.measure.Result;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * What a long stream cost.
 *
 * @param data where the rows come from
 * @param scenario how they become a stream
 * @param finalAccuracy on all test rows, after the last task
 * @param forgetting as of {@code learn}
 * @param bricks at the end, heads among them
 * @param early the median task of the third to the eighth
 * @param late the median task of the last quarter
 * @param secondsRatio late to early, of learning with its commit
 * @param processorRatio late to early, of what processors worked for it
 * @param stateRatio late to early, of the learner's state
 * @param stored bytes that the store grew by with a task, the median of the last quarter
 * @param tasks one by one
 */
record LongFigures(
    Machine machine, List<String> data, String scenario, String technique, long seed, double finalAccuracy,
    double forgetting, int bricks, Task early, Task late, double secondsRatio, double processorRatio, double stateRatio, long stored,
    List<Task> tasks) {

  private static final int FIRST = 3;
  private static final int LAST = 8;

  /**
   * A task, or the median of several, number by number.
   *
   * @param number from 1; of several, that in the middle
   * @param rows to learn
   * @param classes known after it
   * @param seconds of learning, and of commits until they were on disk
   * @param processorSeconds that processors worked meanwhile, on all threads: other processes do not matter
   * @param evaluateSeconds of evaluating all that was learned; not among the others
   * @param stateBytes of the learner's state
   * @param storeBytes of all files of the store
   */
  record Task(
      int number, int rows, int classes, double seconds, double processorSeconds, double evaluateSeconds, long stateBytes,
      long storeBytes) {

    static Task middle(List<Task> tasks) {
      return new Task((int) of(tasks, Task::number), (int) of(tasks, Task::rows), (int) of(tasks, Task::classes),
          of(tasks, Task::seconds), of(tasks, Task::processorSeconds), of(tasks, Task::evaluateSeconds),
          (long) of(tasks, Task::stateBytes), (long) of(tasks, Task::storeBytes));
    }

    private static double of(List<Task> tasks, ToDoubleFunction<Task> number) {
      return LongFigures.median(tasks, number);
    }
  }

  /** @param tasks at least 12 */
  static LongFigures of(Machine machine, RunSpec run, Result result, int bricks, List<Task> tasks) {
    Task early = Task.middle(tasks.subList(FIRST - 1, LAST));
    List<Task> quarter = tasks.subList(tasks.size() - tasks.size() / 4, tasks.size());
    Task late = Task.middle(quarter);
    long grown = quarter.getLast().storeBytes() - quarter.getFirst().storeBytes();
    return new LongFigures(machine, run.data().sources(), run.scenario().text(), run.technique(), run.seed(),
        result.finalAccuracy(), result.forgetting(), bricks, early, late, late.seconds() / early.seconds(),
        late.processorSeconds() / early.processorSeconds(),
        (double) late.stateBytes() / early.stateBytes(), grown / Math.max(1, quarter.size() - 1), tasks);
  }

  /** The number in the middle, or the mean of the two there. */
  static <T> double median(List<T> values, ToDoubleFunction<T> number) {
    double[] sorted = values.stream().mapToDouble(number).sorted().toArray();
    return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
  }

  /** A table, and the figures in a line. */
  String text() {
    var table = new Table("tasks", "rows", "classes", "learned in", "of processors", "evaluated in", "state", "store");
    row(table, FIRST + " to " + LAST, early);
    row(table, tasks.size() - tasks.size() / 4 + 1 + " to " + tasks.size(), late);
    return table.text() + System.lineSeparator() + String.format(Locale.ROOT,
        "late / early: seconds %.2f, of processors %.2f, bytes of state %.2f; the store grows by %,d KB a task%n"
            + "final accuracy %.4f, forgetting %.4f, %d bricks",
        secondsRatio, processorRatio, stateRatio, stored / 1000, finalAccuracy, forgetting, bricks);
  }

  private static void row(Table table, String name, Task task) {
    table.row(name, Numbers.whole(task.rows()), Numbers.whole(task.classes()), Numbers.duration(task.seconds()),
        Numbers.duration(task.processorSeconds()),
        Numbers.duration(task.evaluateSeconds()), String.format(Locale.ROOT, "%.1f MB", task.stateBytes() / 1e6),
        String.format(Locale.ROOT, "%.1f MB", task.storeBytes() / 1e6));
  }
}
