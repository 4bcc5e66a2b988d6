package dev.perennial.learn.regularisation;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/*
 * Memory Aware Synapses (arXiv 1711.09601), as in Continual Learning in Neural Networks (arXiv 1910.02718):
 *   penalty = strength * sum_i O_i (w_i - w*_i)²      gradient = 2 strength * O (w - w*)
 *   O <- O + mean over sampled rows of | d |logits(row)|² / d w |,   w* <- w, after every experience
 * No label is needed. Parameters that were added since have O = 0.
 */
/** Holds each parameter near its old value, the more, the more it moves the model's outputs. */
@Technique(
    name = "mas",
    title = "Memory Aware Synapses: Learning what (not) to forget",
    source = "arXiv 1711.09601",
    cost = "a gradient for each sampled row after an experience; keeps two numbers a parameter")
public final class Mas implements Method<Mas.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the penalty, at least 0; default 0.01; with more, the importance of large
   *     logits makes steps of sgd diverge
   * @param importanceRows rows sampled of an experience for the importance, 1 to 1 million; default 128
   */
  public record Options(GradientOptions training, double strength, int importanceRows) {

    /** Checks the ranges. */
    public Options {
      Strength.require("strength", strength);
      RowSample.require("importanceRows", importanceRows);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 0.01, 128);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Penalty(options, context.seed()));
  }

  static final class Penalty extends Anchored {

    private static final long SAMPLED = 22;

    private final RowSample sample;

    Penalty(Options options, long seed) {
      super("importance", 2 * options.strength, options.training().optimisation());
      this.sample = new RowSample(seed, SAMPLED, options.importanceRows);
    }

    @Override
    public long closingSteps(Experience experience) {
      return sample.count(experience);
    }

    @Override
    public void closingStep(Experience experience, long step, Model model) {
      if (step == 0) {
        anchor().decay(model.parameters().size(), 1);
      }
      Tensor gradient = model.gradient(List.of(sample.row(experience, step)), part -> part.logits().square().sum());
      anchor().add(gradient.abs(), 1.0 / sample.count(experience));
    }
  }
}
