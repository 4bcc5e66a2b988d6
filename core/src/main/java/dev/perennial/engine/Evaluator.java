package dev.perennial.engine;

import dev.perennial.data.Example;
import dev.perennial.learn.Learner;
import dev.perennial.measure.Cell;
import dev.perennial.measure.Evaluation;
import dev.perennial.measure.Tally;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a learner knows of the test rows of every experience so far, with and without the task being told. */
final class Evaluator {

  private Evaluator() {}

  /** Predicts all test rows of {@code seen}. */
  static Evaluation evaluate(Learner learner, List<Experience> seen) {
    List<String> classes = learner.classNames();
    var indices = new HashMap<String, Integer>();
    for (int i = 0; i < classes.size(); i++) {
      indices.put(classes.get(i), i);
    }
    var cells = new ArrayList<Cell>();
    for (Experience experience : seen) {
      cells.add(cell(learner, experience, classes, indices));
    }
    return new Evaluation(seen.size() - 1, cells);
  }

  private static Cell cell(
      Learner learner, Experience experience, List<String> classes, Map<String, Integer> indices) {
    boolean[] ownClasses = new boolean[classes.size()];
    for (String name : experience.classes()) {
      ownClasses[indices.getOrDefault(name, 0)] = true;
    }
    float[] scores;
    try (TensorScope scope = TensorScope.inference()) {
      scores = Tensors.toFloats(learner.scores(experience.test().stream().map(Example::input).toList()));
    }
    var tally = new Tally(experience.index());
    for (int row = 0; row < experience.test().size(); row++) {
      int best = 0;
      int bestOfOwn = -1;
      for (int i = 0; i < classes.size(); i++) {
        float score = scores[row * classes.size() + i];
        if (score > scores[row * classes.size() + best]) {
          best = i;
        }
        if (ownClasses[i] && (bestOfOwn < 0 || score > scores[row * classes.size() + bestOfOwn])) {
          bestOfOwn = i;
        }
      }
      tally.count(experience.test().get(row).label(), classes.get(best), classes.get(Math.max(0, bestOfOwn)));
    }
    return tally.cell();
  }
}
