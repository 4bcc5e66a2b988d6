package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a model says of one text.
 *
 * @param text the text
 * @param candidates the classes that score highest, best first
 */
public record Prediction(String text, List<Candidate> candidates) {

  /**
   * One class.
   *
   * @param label its name
   * @param score what speaks for it; comparable within one model only
   */
  public record Candidate(String label, double score) {}

  /** Predicts with a learner that has learned something. */
  static List<Prediction> of(Learner learner, List<String> texts, int top) {
    if (top < 1) {
      throw new UsageException("expected to be asked for at least 1 class, got " + top);
    }
    List<String> classes = learner.classNames();
    if (classes.isEmpty()) {
      throw new UsageException("nothing was learned yet: there is no class to predict");
    }
    float[] scores;
    try (TensorScope scope = TensorScope.inference()) {
      scores = Tensors.toFloats(learner.scores(texts.stream().map(Input.Text::new).toList()));
    }
    var predictions = new ArrayList<Prediction>();
    for (int row = 0; row < texts.size(); row++) {
      var candidates = new ArrayList<Candidate>();
      for (int i = 0; i < classes.size(); i++) {
        candidates.add(new Candidate(classes.get(i), scores[row * classes.size() + i]));
      }
      candidates.sort(Comparator.comparingDouble(Candidate::score).reversed());
      predictions.add(new Prediction(texts.get(row), List.copyOf(candidates.subList(0, Math.min(top, classes.size())))));
    }
    return predictions;
  }
}
