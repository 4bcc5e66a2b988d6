package dev.perennial.learn.baseline;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/** Learns what arrives and nothing else: the lower mark, which forgets. */
@Technique(
    name = "fine-tune",
    title = "LoRA: Low-Rank Adaptation of Large Language Models",
    source = "arXiv 2106.09685",
    cost = "epochs x rows of the experience; keeps nothing")
public final class FineTune implements Method<FineTune.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   */
  public record Options(GradientOptions training) {}

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Objective() {});
  }
}
