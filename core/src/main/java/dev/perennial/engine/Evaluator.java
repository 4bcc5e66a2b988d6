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
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a learner knows of the test rows of every experience so far, with and without the task being told. */
final class Evaluator {

  private Evaluator() {}

  /** Predicts all test rows of {@code seen}. */
  static Evaluation evaluate(Learner learner, List<Experience> seen) {
    return evaluate(learner, seen, null);
  }

  /**
   * The same, and shows the rows and their scores to who judges the learner.
   *
   * @param trust null for nobody
   */
  static Evaluation evaluate(Learner learner, List<Experience> seen, @Nullable Trust trust) {
    List<String> classes = learner.classNames();
    var indices = new HashMap<String, Integer>();
    for (int i = 0; i < classes.size(); i++) {
      indices.put(classes.get(i), i);
    }
    var cells = new ArrayList<Cell>();
    for (Experience stage : seen) {
      cells.add(cell(learner, stage, classes, indices, trust));
    }
    return new Evaluation(seen.size() - 1, cells);
  }

  /*
   * A row of one label is right if its label has the highest score, the first of equals. A row of r labels that are
   * known gives r predictions, the classes of the r highest scores, and each of its labels is right if it is among
   * them; so what counts for one label is the case r = 1. Masked, only the experience's own classes have scores.
   */
  private static Cell cell(
      Learner learner, Experience experience, List<String> classes, Map<String, Integer> indices,
      @Nullable Trust trust) {
    float[] scores;
    try (TensorScope scope = TensorScope.inference()) {
      scores = Tensors.toFloats(learner.scores(experience.test().stream().map(Example::input).toList()));
    }
    if (trust != null) {
      trust.add(experience.test(), classes, scores);
    }
    boolean[] own = own(experience, classes, indices);
    boolean[] all = new boolean[classes.size()];
    Arrays.fill(all, true);
    var tally = new Tally(experience.index());
    for (int row = 0; row < experience.test().size(); row++) {
      List<String> labels = experience.test().get(row).labels();
      float[] ofRow = Arrays.copyOfRange(scores, row * classes.size(), (row + 1) * classes.size());
      var best = highest(ofRow, all, labels.stream().filter(indices::containsKey).count());
      var bestOfOwn = highest(ofRow, own, labels.stream().filter(label -> isOwn(label, own, indices)).count());
      for (String label : labels) {
        if (labels.size() == 1 || isOwn(label, own, indices)) {
          tally.count(
              label, predicted(label, labels, best, classes), predicted(label, labels, bestOfOwn, classes));
        }
      }
    }
    return tally.cell();
  }

  /** Which classes are the experience's own: those that it brought, and those of its rows of one label. */
  private static boolean[] own(Experience experience, List<String> classes, Map<String, Integer> indices) {
    boolean[] own = new boolean[classes.size()];
    var names = new HashSet<>(experience.classes());
    experience.test().stream().map(Example::labels).filter(labels -> labels.size() == 1).forEach(names::addAll);
    for (String name : names) {
      Integer index = indices.get(name);
      if (index != null) {
        own[index] = true;
      }
    }
    return own;
  }

  private static boolean isOwn(String label, boolean[] own, Map<String, Integer> indices) {
    Integer index = indices.get(label);
    return index != null && own[index];
  }

  /** The classes of the highest scores among those that count, at least one, the first of equals. */
  private static List<Integer> highest(float[] scores, boolean[] counts, long wanted) {
    boolean[] left = counts.clone();
    var highest = new ArrayList<Integer>();
    for (long k = 0; k < Math.max(1, wanted); k++) {
      int best = -1;
      for (int i = 0; i < scores.length; i++) {
        if (left[i] && (best < 0 || scores[i] > scores[best])) {
          best = i;
        }
      }
      if (best >= 0) {
        left[best] = false;
        highest.add(best);
      }
    }
    return highest;
  }

  /** The label itself if it is among the predictions, else the first of them that is none of the row's labels. */
  private static String predicted(
      String label, List<String> labels, List<Integer> predictions, List<String> classes) {
    List<String> predicted = predictions.stream().map(classes::get).toList();
    return predicted.contains(label)
        ? label
        : predicted.stream().filter(name -> !labels.contains(name)).findFirst().orElse("");
  }
}
