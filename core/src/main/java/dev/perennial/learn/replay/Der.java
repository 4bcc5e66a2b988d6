package dev.perennial.learn.replay;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;

/** Replay of stored logits in place of labels: {@link DarkReplay} without its second draw. */
@Technique(
    name = "der",
    title = "Dark Experience for General Continual Learning: a Strong, Simple Baseline",
    source = "arXiv 2004.07211",
    cost = "twice the steps' rows; keeps as many rows as asked for, with their logits")
public final class Der implements Method<Der.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory examples kept, 1 to 10 million; default 500
   * @param draws what a step is given of it
   * @param logitWeight of the stored logits, the paper's alpha, at least 0; default 0.5
   */
  public record Options(GradientOptions training, int memory, DrawOptions draws, double logitWeight) {

    /** Checks the ranges. */
    public Options {
      MemoryOptions.requireSize(memory);
      DarkReplay.requireWeight("logitWeight", logitWeight);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, DrawOptions.NONE, 0.5);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context,
        new DarkReplay(options.training(), options.memory(), options.draws(), options.logitWeight(), 0, context.seed()));
  }
}
