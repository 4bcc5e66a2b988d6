package dev.perennial.learn;

import dev.perennial.UsageException;
import dev.perennial.brick.LoraOptions;

/**
 * How a gradient learner trains.
 *
 * @param epochs passes over an experience, 1 to 1000; default 3
 * @param batch rows of a step, 1 to 4096; default 32
 * @param rate highest learning rate, above 0; default 0.001
 * @param warmup share of an experience's steps in which the rate rises from 0, 0 to 1; default 0.1. After that it falls
 *     along a half cosine to 0
 * @param decay weight decay, at least 0; default 0
 * @param rank of the LoRA brick, 1 to 1024; default 8. Backbones that are trained from scratch take no brick
 * @param alpha of the LoRA brick, above 0; default 16
 * @param sites of the LoRA brick, a regular expression; default query and value
 */
public record GradientOptions(
    int epochs, int batch, double rate, double warmup, double decay, int rank, double alpha, String sites) {

  /** What was found to suit LoRA on small encoders. */
  public static final GradientOptions DEFAULT = new GradientOptions(3, 32, 1e-3, 0.1, 0, 8, 16, "query|value");

  /** Checks the ranges. */
  public GradientOptions {
    require(epochs >= 1 && epochs <= 1000, "epochs between 1 and 1000", epochs);
    require(batch >= 1 && batch <= 4096, "batch between 1 and 4096", batch);
    require(rate > 0 && rate <= 10, "rate above 0 and at most 10", rate);
    require(warmup >= 0 && warmup <= 1, "warmup between 0 and 1", warmup);
    require(decay >= 0 && decay <= 10, "decay between 0 and 10", decay);
    var unused = new LoraOptions(rank, alpha, 0, sites);
  }

  /** These options with another number of passes. */
  public GradientOptions withEpochs(int passes) {
    return new GradientOptions(passes, batch, rate, warmup, decay, rank, alpha, sites);
  }

  LoraOptions lora() {
    return new LoraOptions(rank, alpha, 0, sites);
  }

  /** The learning rate of step {@code step} of {@code steps}. */
  double rateAt(long step, long steps) {
    double rise = warmup * steps;
    if (step + 1 < rise) {
      return rate * (step + 1) / rise;
    }
    double progress = steps <= rise ? 1 : (step - rise) / (steps - rise);
    return rate * 0.5 * (1 + Math.cos(Math.PI * Math.max(0, progress)));
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + ", got " + value);
    }
  }
}
