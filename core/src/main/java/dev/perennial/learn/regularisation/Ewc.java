package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import org.bytedeco.pytorch.Tensor;

/*
 * Overcoming catastrophic forgetting in neural networks (arXiv 1612.00796), with a penalty for each task t:
 *   penalty = strength / 2 * sum_t sum_i F_t,i (w_i - w*_t,i)²
 * or in the online form of Progress & Compress (arXiv 1805.06370), with one that moves on:
 *   penalty = strength / 2 * sum_i F_i (w_i - w*_i)²      gradient = strength * F (w - w*)
 *   F <- decay * F + mean over sampled rows of their Fisher diagonal,   w* <- w, after every experience
 * The sum over tasks is kept as one penalty too: the sum of the F_t, and the mean of the w*_t weighted by them.
 * Parameters that were added since have F = 0.
 */
/** Holds each parameter near its old value, the more, the more the past depends on it. */
@Technique(
    name = "ewc",
    title = "Overcoming catastrophic forgetting in neural networks",
    source = "arXiv 1612.00796",
    cost = "a gradient for each sampled row after an experience; keeps two numbers a parameter")
public final class Ewc implements Method<Ewc.Options> {

  /** To what the parameters are held. */
  public enum Penalties {
    /** To their values after the last experience, with the importance of all. */
    ONLINE,
    /** To their values after each experience, with its own importance. */
    TASKS
  }

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the penalty, at least 0; default 1000
   * @param fisher how the Fisher matrix is taken; default empirical
   * @param fisherRows rows sampled of an experience for the Fisher matrix, 1 to 1 million; default 128
   * @param fisherDecay what is left of the older Fisher matrix after an experience, 0 to 1; default 1
   * @param penalties to what the parameters are held; default online
   */
  public record Options(
      GradientOptions training, double strength, Fisher fisher, int fisherRows, double fisherDecay,
      Penalties penalties) {

    /** Checks the ranges. */
    public Options {
      Strength.require("strength", strength);
      RowSample.require("fisherRows", fisherRows);
      if (!(fisherDecay >= 0 && fisherDecay <= 1)) {
        throw new UsageException("expected a fisherDecay between 0 and 1, got " + fisherDecay);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1000, Fisher.EMPIRICAL, 128, 1, Penalties.ONLINE);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE.and("strength", "100", "1000", "10000");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Penalty(options, context.seed()));
  }

  static final class Penalty extends Anchored {

    private static final long SAMPLED = 21;

    private final Options options;
    private final RowSample sample;

    Penalty(Options options, long seed) {
      super("fisher", options.strength, options.training().optimisation());
      this.options = options;
      this.sample = new RowSample(seed, SAMPLED, options.fisherRows);
    }

    @Override
    public long closingSteps(Experience experience) {
      return sample.count(experience);
    }

    @Override
    public void closingStep(Experience experience, long step, Model model) {
      if (step == 0) {
        anchor().decay(model.parameters().size(), options.fisherDecay);
      }
      Tensor ofRow = options.fisher.ofRow(model, sample.row(experience, step));
      double scale = 1.0 / sample.count(experience);
      if (options.penalties == Penalties.TASKS) {
        anchor().add(ofRow, scale, model.parameters().values());
      } else {
        anchor().add(ofRow, scale);
      }
    }

    @Override
    public void end(Experience experience, Model model) {
      if (options.penalties == Penalties.ONLINE) {
        super.end(experience, model);
      }
    }
  }
}
