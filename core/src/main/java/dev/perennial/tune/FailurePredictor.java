package dev.perennial.tune;

import dev.perennial.restart.ConfusionMatrix;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/*
 * The median rule (Golovin and others, Google Vizier: A Service for Black-Box Optimization, KDD 2017): half-way, a trial
 * is predicted to fail if it is below the median of the trials of its round that are over; it has failed if it is so at
 * its end. Whether the prediction is acted on is for the confusion matrix of the predictions so far to say. Of what would
 * be abandoned, every fourth comes to its end all the same, so that the matrix goes on to learn.
 */
/** A predictor of trials that will not be among the better half of their round. */
final class FailurePredictor {

  /** Trials of the round that must be over. */
  private static final int ENOUGH = 3;

  private static final int SPARED = 4;

  private final List<Curve> over = new ArrayList<>();
  private ConfusionMatrix matrix = ConfusionMatrix.EMPTY;
  private int flagged;

  /** The accuracy of a trial half-way and at its end. */
  private record Curve(double half, double end) {}

  /** The experience after which it looks, of so many: from 1. */
  static int half(int stages) {
    return (stages + 1) / 2;
  }

  /** What came before is of other rows, and is no measure any more; how good the predictions were stays known. */
  void beginRound() {
    over.clear();
  }

  /**
   * A trial has come to its end.
   *
   * @param accuracy row i: after experience i, on the held-back rows of each experience so far
   */
  void observe(List<List<Double>> accuracy) {
    int stages = accuracy.size();
    if (stages < 2) {
      return;
    }
    var curve = new Curve(mean(accuracy.get(half(stages) - 1)), mean(accuracy.getLast()));
    if (over.size() >= ENOUGH) {
      matrix = matrix.with(curve.half < median(Curve::half), curve.end < median(Curve::end));
    }
    over.add(curve);
  }

  /** Why a trial of that accuracy is to be abandoned after so many of its experiences; empty if it is not. */
  Optional<String> verdict(double accuracy, int learned, int stages) {
    if (over.size() < ENOUGH || accuracy >= median(Curve::half)) {
      return Optional.empty();
    }
    double saved = matrix.saved(learned, stages);
    if (saved <= 0 || ++flagged % SPARED == 0) {
      return Optional.empty();
    }
    return Optional.of(String.format(Locale.ROOT, "abandoned after %d of %d experiences: %.1f %% is below %.1f %%, the median"
        + " of %d trials; of such predictions %.0f of %.0f came true, which saves %.0f %% of a trial on average",
        learned, stages, 100 * accuracy, 100 * median(Curve::half), over.size(), matrix.truePositives(),
        matrix.truePositives() + matrix.falsePositives(), 100 * saved / stages));
  }

  /** How good its predictions were so far. */
  ConfusionMatrix matrix() {
    return matrix;
  }

  private static double mean(List<Double> accuracies) {
    return accuracies.stream().mapToDouble(Double::doubleValue).average().orElse(0);
  }

  private double median(ToDoubleFunction<Curve> figure) {
    double[] sorted = over.stream().mapToDouble(figure).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
