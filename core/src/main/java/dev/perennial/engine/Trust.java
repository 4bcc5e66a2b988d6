package dev.perennial.engine;

import dev.perennial.data.Example;
import dev.perennial.measure.Calibration;
import dev.perennial.measure.CalibrationError;
import dev.perennial.open.OpenLearner;
import java.util.List;

/** How far a learner's judgement of rows, whose classes are all known, is right: a {@link Calibration} in the making. */
final class Trust {

  private final OpenLearner learner;
  private final CalibrationError error = new CalibrationError();
  private final CalibrationError plainError = new CalibrationError();
  private long rows;
  private long kept;

  Trust(OpenLearner learner) {
    this.learner = learner;
  }

  /**
   * Takes in rows.
   *
   * @param scores of them, row by row
   */
  void add(List<Example> examples, List<String> classes, float[] scores) {
    List<OpenLearner.Judgement> judgements = learner.judge(scores, examples.size());
    for (int row = 0; row < examples.size(); row++) {
      OpenLearner.Judgement judgement = judgements.get(row);
      int best = 0;
      for (int c = 1; c < classes.size(); c++) {
        best = scores[row * classes.size() + c] > scores[row * classes.size() + best] ? c : best;
      }
      boolean right = examples.get(row).labels().contains(classes.get(best));
      error.add(judgement.confidence(), right);
      plainError.add(judgement.plainConfidence(), right);
      kept += judgement.familiarity() >= learner.threshold() ? 1 : 0;
      rows++;
    }
  }

  Calibration calibration() {
    return new Calibration(
        error.value(), plainError.value(), learner.temperature(), rows == 0 ? 1 : (double) kept / rows);
  }
}
