package dev.perennial.engine;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.open.OpenLearner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model says of one text.
 *
 * @param text the text
 * @param candidates the classes that score highest, best first
 * @param verdict what it says beside that; null of a model that was not learned in an open world
 */
public record Prediction(
    String text, List<Candidate> candidates, @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Verdict verdict) {

  /** The label of a text that is of no known class. */
  public static final String UNKNOWN = "unknown";

  /**
   * Refuses, where a model is open, a class of the name that texts of no known class have.
   *
   * @throws UsageException if there is one
   */
  static void requireNotUnknown(RunSpec spec, Collection<String> labels) {
    if (spec.open() != null && labels.contains(UNKNOWN)) {
      throw new UsageException("expected classes of other names than " + UNKNOWN + " in an open world, where texts of no known"
          + " class are called that, got one: rename it, or learn without --open");
    }
  }

  /**
   * Whether the text is of a known class at all, and how sure the model is of which.
   *
   * @param label {@link #UNKNOWN}, or the class that scores highest
   * @param familiarity how much the text is like those of known classes
   * @param threshold the familiarity below which a text is of no known class; null where too little was learned to set it
   * @param confidence how likely the class that scores highest is right if the text is of a known one, above 0 to 1
   */
  public record Verdict(String label, double familiarity, @Nullable Double threshold, double confidence) {}

  /**
   * One class.
   *
   * @param label its name
   * @param score what speaks for it; comparable within one model only
   */
  public record Candidate(String label, double score) {}

  /** The same, taken for a text of a known class whatever the verdict says. */
  public Prediction kept() {
    return verdict == null ? this : new Prediction(text, candidates,
        new Verdict(candidates.getFirst().label, verdict.familiarity, verdict.threshold, verdict.confidence));
  }

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
    List<OpenLearner.Judgement> judgements =
        learner instanceof OpenLearner open ? open.judge(scores, texts.size()) : List.of();
    var predictions = new ArrayList<Prediction>();
    for (int row = 0; row < texts.size(); row++) {
      var candidates = new ArrayList<Candidate>();
      for (int i = 0; i < classes.size(); i++) {
        candidates.add(new Candidate(classes.get(i), scores[row * classes.size() + i]));
      }
      candidates.sort(Comparator.comparingDouble(Candidate::score).reversed());
      Verdict verdict = learner instanceof OpenLearner open
          ? verdict(judgements.get(row), open.threshold(), candidates.getFirst().label)
          : null;
      predictions.add(new Prediction(
          texts.get(row), List.copyOf(candidates.subList(0, Math.min(top, classes.size()))), verdict));
    }
    return predictions;
  }

  private static Verdict verdict(OpenLearner.Judgement judgement, double threshold, String best) {
    return new Verdict(judgement.familiarity() < threshold ? UNKNOWN : best, judgement.familiarity(),
        Double.isInfinite(threshold) ? null : threshold, judgement.confidence());
  }
}
