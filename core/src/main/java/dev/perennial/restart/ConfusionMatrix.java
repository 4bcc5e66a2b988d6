package dev.perennial.restart;

/*
 * An attempt lasts D if it is good, and F if it fails; a predictor looks at it after s, and flagged attempts are
 * abandoned there at a cost c. With the shares of true and false positives and negatives among all attempts, the
 * expected time until one succeeds is
 *
 *   E  = [TN D + (TP + FP) (s + c) + FN (F + c)] / TN               E0 = [(TN + FP) D + (TP + FN) (F + c)] / (TN + FP)
 *
 * without the predictor, which is to be used where E < E0. For F = D and c = 0, as where the time of an attempt does not
 * depend on its end, that is so exactly where
 *
 *   TP (D - s)  >  FP (E0 - (D - s))
 *
 * on the left the time saved with a failure that is cut short, on the right what it costs to lose a good attempt: the
 * time until there is another one, less what was not spent on this one.
 *
 * Source: Optimal decision making in robotic assembly and other trial-and-error tasks; formulas derived, and checked by
 * simulation.
 */
/**
 * How often a predictor of failures was right so far.
 *
 * @param truePositives failures that it flagged
 * @param falsePositives good attempts that it flagged
 * @param falseNegatives failures that it did not flag
 * @param trueNegatives good attempts that it did not flag
 */
public record ConfusionMatrix(double truePositives, double falsePositives, double falseNegatives, double trueNegatives) {

  /** Nothing was predicted yet. */
  public static final ConfusionMatrix EMPTY = new ConfusionMatrix(0, 0, 0, 0);

  /** Failures, and good attempts, that must have been seen before the matrix says anything. */
  private static final double ENOUGH = 2;

  /** With one more attempt, of which the end is known. */
  public ConfusionMatrix with(boolean flagged, boolean failed) {
    return new ConfusionMatrix(truePositives + (flagged && failed ? 1 : 0), falsePositives + (flagged && !failed ? 1 : 0),
        falseNegatives + (!flagged && failed ? 1 : 0), trueNegatives + (!flagged && !failed ? 1 : 0));
  }

  /** The expected time until an attempt succeeds where flagged ones are abandoned; infinite where none gets through. */
  public double makespan(double look, double good, double failed, double cost) {
    return (trueNegatives * good + (truePositives + falsePositives) * (look + cost) + falseNegatives * (failed + cost))
        / trueNegatives;
  }

  /** The expected time until an attempt succeeds where every attempt comes to its end. */
  public double makespanWithout(double good, double failed, double cost) {
    double successes = trueNegatives + falsePositives;
    return (successes * good + (truePositives + falseNegatives) * (failed + cost)) / successes;
  }

  /**
   * The expected time that abandoning saves per attempt, less what it loses; the matrix is taken to have one more false
   * positive than it has, so that little evidence is no reason to abandon anything.
   *
   * @param look when the predictor looks
   * @param duration of an attempt, good or not
   */
  public double saved(double look, double duration) {
    if (truePositives + falseNegatives < ENOUGH || falsePositives + trueNegatives < ENOUGH) {
      return 0;
    }
    var doubtful = new ConfusionMatrix(truePositives, falsePositives + 1, falseNegatives, trueNegatives);
    double all = truePositives + falsePositives + 1 + falseNegatives + trueNegatives;
    double another = doubtful.makespanWithout(duration, duration, 0);
    double left = duration - look;
    return (truePositives * left - (falsePositives + 1) * (another - left)) / all;
  }
}
