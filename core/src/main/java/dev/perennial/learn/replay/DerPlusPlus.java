package dev.perennial.learn.replay;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;

/** Replay of stored logits, and of the labels of other rows: {@link DarkReplay} with both of its draws. */
@Technique(
    name = "der++",
    title = "Dark Experience for General Continual Learning: a Strong, Simple Baseline",
    source = "arXiv 2004.07211",
    cost = "three times the steps' rows; keeps as many rows as asked for, with their logits")
public final class DerPlusPlus implements Method<DerPlusPlus.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory examples kept, 1 to 10 million; default 500
   * @param draws what a step is given of it
   * @param logitWeight of the stored logits, the paper's alpha, at least 0; default 0.5
   * @param labelWeight of the labels of other rows, the paper's beta, at least 0; default 0.5. With 0 it is der
   */
  public record Options(GradientOptions training, int memory, DrawOptions draws, double logitWeight, double labelWeight) {

    /** Checks the ranges. */
    public Options {
      MemoryOptions.requireSize(memory);
      DarkReplay.requireWeight("logitWeight", logitWeight);
      DarkReplay.requireWeight("labelWeight", labelWeight);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, DrawOptions.NONE, 0.5, 0.5);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context,
        new DarkReplay(options.training(), options.memory(), options.draws(), options.logitWeight(), options.labelWeight(),
            context.seed()));
  }
}
