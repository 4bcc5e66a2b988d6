package dev.perennial.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * The figures of continual learning, made of a history of evaluations.
 *
 * @param accuracy row i, column j: after experience i, the accuracy on the test rows of experience j; row i has i + 1
 *     entries
 * @param seenAccuracy entry i: after experience i, the accuracy on all test rows seen so far, each row counting once
 * @param finalAccuracy on all test rows after the last experience, each row counting once
 * @param averageAccuracy mean of the last row of {@code accuracy}, each experience counting once
 * @param anytimeAccuracy mean of {@code seenAccuracy}
 * @param forgetting mean over the earlier experiences of their best accuracy so far minus their last; never below 0
 * @param taskForgetting the same with predictions masked to each experience's own classes
 * @param taskAccuracy as {@code finalAccuracy}, with masked predictions
 * @param backwardTransfer mean over the earlier experiences of their last accuracy minus the one right after learning
 */
public record Metrics(
    List<List<Double>> accuracy,
    List<Double> seenAccuracy,
    double finalAccuracy,
    double averageAccuracy,
    double anytimeAccuracy,
    double forgetting,
    double taskForgetting,
    double taskAccuracy,
    double backwardTransfer) {

  /*
   * With A[i][j] the accuracy on experience j after experience i, and T the last experience:
   *
   *   average accuracy    mean over j <= T of A[T][j]
   *   forgetting          mean over j < T of max over j <= i <= T of A[i][j], minus A[T][j]
   *   backward transfer   mean over j < T of A[T][j] - A[j][j]
   *
   * Average accuracy and backward transfer: Lopez-Paz and Ranzato, "Gradient Episodic Memory for Continual Learning",
   * arXiv:1706.08840. Forgetting: Chaudhry et al., "Riemannian Walk for Incremental Learning", arXiv:1801.10112, whose
   * maximum leaves T out, so that theirs can be negative where the last experience helped; here it is then 0.
   * A mean over no experiences is 0.
   */

  /** Copies the lists. */
  public Metrics {
    accuracy = accuracy.stream().map(List::copyOf).toList();
    seenAccuracy = List.copyOf(seenAccuracy);
  }

  /**
   * The figures of a history; time and memory grow with its cells.
   *
   * @param history at least one evaluation
   * @param taskTold whether prediction is told which experience a row belongs to, as in the task-incremental scenario:
   *     then the masked predictions are the predictions, and the figures with and without mask are the same
   */
  public static Metrics of(AccuracyHistory history, boolean taskTold) {
    ToLongFunction<Cell> correct = taskTold ? Cell::correctMasked : Cell::correct;
    List<List<Double>> accuracy = matrix(history, correct);
    List<Double> seen = history.evaluations().stream().map(e -> microAverage(e, correct)).toList();
    List<Double> last = accuracy.get(history.last().after());
    return new Metrics(
        accuracy,
        seen,
        seen.getLast(),
        mean(last.size(), last::get),
        mean(seen.size(), seen::get),
        forgetting(accuracy),
        forgetting(matrix(history, Cell::correctMasked)),
        microAverage(history.last(), Cell::correctMasked),
        mean(last.size() - 1, j -> last.get(j) - accuracy.get(j).get(j)));
  }

  private static List<List<Double>> matrix(AccuracyHistory history, ToLongFunction<Cell> correct) {
    var rows = new ArrayList<List<Double>>();
    for (Evaluation evaluation : history.evaluations()) {
      rows.add(evaluation.cells().stream().map(c -> (double) correct.applyAsLong(c) / c.rows()).toList());
    }
    return rows;
  }

  private static double microAverage(Evaluation evaluation, ToLongFunction<Cell> correct) {
    long rows = evaluation.cells().stream().mapToLong(Cell::rows).sum();
    return (double) evaluation.cells().stream().mapToLong(correct).sum() / rows;
  }

  private static double forgetting(List<List<Double>> accuracy) {
    int last = accuracy.size() - 1;
    return mean(last, j -> {
      double best = IntStream.rangeClosed(j, last).mapToDouble(i -> accuracy.get(i).get(j)).max().orElseThrow();
      return best - accuracy.get(last).get(j);
    });
  }

  private static double mean(int count, IntToDoubleFunction value) {
    return IntStream.range(0, count).mapToDouble(value).average().orElse(0);
  }
}
