package dev.perennial.learn.regularisation;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Prediction and feature distillation (A Closer Look at Rehearsal-Free Continual Learning, arXiv 2203.17269), with f the
 * features that the head is given, d of them, and * the model as it was when the experience began:
 *   loss on outputs = sum over rows of
 *       strength / d * |f - f*|²  +  predictionStrength * T² * KL(softmax(l* / T), softmax(l / T))
 * The second part is over the classes known before. What the former model makes of the experience's rows is computed
 * once, and is all that is kept of it.
 */
/** Holds the features of new inputs, and if asked to the predictions, near what they were before they were learned. */
@Technique(
    name = "feature-distillation",
    title = "A Closer Look at Rehearsal-Free Continual Learning",
    source = "arXiv 2203.17269",
    cost = "one pass more over the experience; keeps the features of its rows while it lasts")
public final class FeatureDistillation implements Method<FeatureDistillation.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the loss on features, at least 0; default 1
   * @param predictionStrength of the loss on predictions, at least 0; default 0, and then no prediction is kept
   * @param temperature both sides of it are softened by, above 0; default 2
   */
  public record Options(GradientOptions training, double strength, double predictionStrength, double temperature) {

    /** Checks the ranges. */
    public Options {
      Strength.require("strength", strength);
      Strength.require("predictionStrength", predictionStrength);
      Strength.requireTemperature(temperature);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1, 0, 2);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Distillation(options));
  }

  static final class Distillation implements Objective {

    private static final String PART = "teacher";

    private final Options options;
    private final Teacher features = new Teacher();
    private final Teacher logits = new Teacher();
    private int knownBefore;

    Distillation(Options options) {
      this.options = options;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      features.begin(experience);
      logits.begin(experience);
      if (fresh && knownBefore > 0) {
        Tensor before = model.features(experience.train().stream().map(Example::input).toList());
        features.answer(before);
        if (options.predictionStrength > 0) {
          logits.answer(model.logitsOf(before).narrow(1, 0, knownBefore));
        }
      }
    }

    @Override
    public @Nullable Tensor outputLoss(Batch batch, Part part) {
      if (knownBefore == 0) {
        return null;
      }
      List<Example> rows = part.rows();
      Tensor loss = Divergences.squared(features.of(rows), part.features())
          .mul(new Scalar(options.strength / part.features().size(1)));
      return options.predictionStrength == 0
          ? loss
          : loss.add(
              Divergences.softened(logits.of(rows), part.logits().narrow(1, 0, knownBefore), options.temperature),
              new Scalar(options.predictionStrength));
    }

    @Override
    public void end(Experience experience, Model model) {
      knownBefore = model.classes().size();
      features.dismiss();
      logits.dismiss();
    }

    @Override
    public List<StatePart> state() {
      return List.of(StatePart.of(PART, Combine.LATEST, Map.of(
          "features", features.state(), "logits", logits.state(),
          "known", TensorData.of(new long[] {knownBefore}, 1))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      StatePart part = LearnerState.part(state, PART);
      knownBefore = (int) part.tensor("known").longs()[0];
      features.restore(part.tensor("features"));
      logits.restore(part.tensor("logits"));
    }

    @Override
    public long memoryBytes() {
      return features.bytes() + logits.bytes();
    }
  }
}
