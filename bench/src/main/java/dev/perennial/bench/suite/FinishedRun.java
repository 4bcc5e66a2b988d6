package dev.perennial.bench.suite;

import dev.perennial.bench.Machine;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cell;
import dev.perennial.measure.ReportRun;
import dev.perennial.measure.Result;

/**
 * What came of a run.
 *
 * @param result its figures
 * @param history its evaluations
 * @param testRows of the whole stream, evaluated on or not
 * @param data the name of the dataset
 * @param machine that it was measured on
 * @param commit of the build that ran it; {@code unknown} where the build does not tell
 * @param stopped why it did not come to the end of the stream; empty where it did
 */
record FinishedRun(
    Result result, AccuracyHistory history, long testRows, String data, Machine machine, String commit,
    String stopped) {

  static FinishedRun of(ReportRun run, long testRows, Machine machine, String commit, String stopped) {
    return new FinishedRun(
        run.result(), run.history(), testRows, run.facts().getOrDefault("Data", ""), machine, commit, stopped);
  }

  /** Wall-clock seconds, evaluation included. */
  double seconds() {
    return result.learnSeconds() + result.evaluateSeconds();
  }

  /**
   * The share of all test rows of the stream that are predicted rightly in the end: those of experiences that were not
   * learned, because the time was up, are wrong.
   */
  double accuracy() {
    return result.finalAccuracy() * seenShare(history.evaluations().size() - 1);
  }

  /** The mean over the stream of the accuracy on everything seen so far; experiences not learned count as 0. */
  double anytimeAccuracy() {
    return result.anytimeAccuracy() * history.evaluations().size() / result.tasks();
  }

  /** The share of the stream's test rows that were evaluated on after an experience. */
  private double seenShare(int after) {
    return (double) history.evaluations().get(after).cells().stream().mapToLong(Cell::rows).sum() / testRows;
  }
}
