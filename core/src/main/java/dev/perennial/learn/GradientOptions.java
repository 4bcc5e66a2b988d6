package dev.perennial.learn;

import dev.perennial.UsageException;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;

/**
 * How a gradient learner trains.
 *
 * @param epochs passes over an experience, 1 to 1000; default 3
 * @param batch rows of a step, 1 to 4096; default 32
 * @param optimisation how the parameters follow their gradients
 * @param brick the brick; backbones that are trained from scratch take none
 * @param head which head is trained with it
 * @param ascent whether the parameters are moved uphill before a step
 * @param average what of the running mean of the parameters a step leaves, 0 to below 1; the mean takes their place at the
 *     end of an experience. Default 0, which is off; 0.99 to 0.999 suit a constant rate
 */
public record GradientOptions(
    int epochs, int batch, OptimiserOptions optimisation, BrickOptions brick, HeadOptions head, AscentOptions ascent,
    double average) {

  /** What was found to suit LoRA on small encoders. */
  public static final GradientOptions DEFAULT =
      new GradientOptions(3, 32, OptimiserOptions.adamW(1e-3), LoraOptions.DEFAULT, HeadOptions.DEFAULT);

  /** Rates half an order of magnitude to either side of the default. */
  public static final SearchSpace SEARCH_SPACE = SearchSpace.of("rate", "0.0003", "0.001", "0.003");

  /** Checks the ranges. */
  public GradientOptions {
    if (epochs < 1 || epochs > 1000) {
      throw new UsageException("expected epochs between 1 and 1000, got " + epochs);
    }
    if (batch < 1 || batch > 4096) {
      throw new UsageException("expected batch between 1 and 4096, got " + batch);
    }
    if (!(average >= 0 && average < 1)) {
      throw new UsageException("expected average from 0 to below 1, got " + average);
    }
  }

  /** Options of a LoRA brick whose steps start from where the parameters are. */
  public GradientOptions(
      int epochs, int batch, OptimiserOptions optimisation, LoraOptions lora, HeadOptions head) {
    this(epochs, batch, optimisation, BrickOptions.of(lora), head, AscentOptions.NONE, 0);
  }

  /** These options with another number of passes. */
  public GradientOptions withEpochs(int passes) {
    return new GradientOptions(passes, batch, optimisation, brick, head, ascent, average);
  }

  /** These options with another brick. */
  public GradientOptions withBrick(BrickOptions other) {
    return new GradientOptions(epochs, batch, optimisation, other, head, ascent, average);
  }

  /** These options with other movements before a step. */
  public GradientOptions withAscent(AscentOptions other) {
    return new GradientOptions(epochs, batch, optimisation, brick, head, other, average);
  }
}
