package dev.perennial.learn.regularisation;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;

/*
 * L2 parameter regularisation (A Closer Look at Rehearsal-Free Continual Learning, arXiv 2203.17269):
 *   penalty = strength / 2 * |w - w*|²      gradient = strength * (w - w*)
 * w* are the parameters after the last experience. Parameters that were added since are free.
 */
/** Holds all parameters near their old values, one as much as another. */
@Technique(
    name = "l2",
    title = "A Closer Look at Rehearsal-Free Continual Learning",
    source = "arXiv 2203.17269",
    cost = "nothing beside the training; keeps a number a parameter")
public final class L2 implements Method<L2.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the penalty, at least 0; default 1
   */
  public record Options(GradientOptions training, double strength) {

    /** Checks the range. */
    public Options {
      Strength.require("strength", strength);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Penalty(options));
  }

  static final class Penalty extends Anchored {

    Penalty(Options options) {
      super("importance", options.strength, options.training().optimisation());
    }
  }
}
