package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;

/** Learns a distribution of each parameter, and takes that of the past as the prior of what comes next. */
@Technique(
    name = "vcl",
    title = "Variational Continual Learning",
    source = "arXiv 1710.10628",
    cost = "a gradient a sample of the weights; keeps three numbers a parameter while it learns, one after")
public final class Vcl implements Method<Vcl.Options> {

  /**
   * The options.
   *
   * @param training how the means are trained
   * @param samples of the weights in each step, 1 to 100; default 1
   * @param priorDeviation of each parameter around 0 before anything was learned, above 0; default 1
   * @param deviation of each parameter where its training starts, above 0; default 0.02
   * @param deviationRate learning rate of the logarithms of the deviations, by Adam, 0 to 1; default 0.01
   * @param strength of the divergence from the prior, at least 0; 1, the default, is Bayes' rule
   * @param predictionSamples of the weights that a prediction is the mean of, 0 to 1000; default 0, which takes the
   *     means of the weights
   */
  public record Options(
      GradientOptions training, int samples, double priorDeviation, double deviation, double deviationRate,
      double strength, int predictionSamples) {

    /** Checks the ranges. */
    public Options {
      require(samples >= 1 && samples <= 100, "samples between 1 and 100", samples);
      require(priorDeviation > 0 && priorDeviation <= 1e6, "a priorDeviation above 0 and at most 1e6", priorDeviation);
      require(deviation > 0 && deviation <= 1e6, "a deviation above 0 and at most 1e6", deviation);
      require(deviationRate >= 0 && deviationRate <= 1, "a deviationRate between 0 and 1", deviationRate);
      Strength.require("strength", strength);
      require(predictionSamples >= 0 && predictionSamples <= 1000, "predictionSamples between 0 and 1000",
          predictionSamples);
    }

    private static void require(boolean holds, String expected, Object value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }

    /** These options with another prior. */
    Options withPriorDeviation(double other) {
      return new Options(training, samples, other, deviation, deviationRate, strength, predictionSamples);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1, 1, 0.02, 0.01, 1, 0);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Posterior(options, context.seed()));
  }
}
