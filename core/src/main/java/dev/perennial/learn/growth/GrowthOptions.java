package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.analytic.AnalyticOptions;

/**
 * How techniques that grow train and hold bricks.
 *
 * @param epochs passes over an experience for which a brick learns, 1 to 1000; default 3
 * @param batch rows of a step, 1 to 4096; default 32
 * @param optimisation how a brick follows its gradients; default adamw, rate 0.002
 * @param rank of a brick at each site, 1 to 1024; default 8
 * @param alpha of a brick, above 0; default 16
 * @param sites of a brick, a regular expression; default query and value
 * @param bricks the most that are held at once, 1 to 1000; default 16. Once so many are held, merging or pruning makes
 *     room for another
 * @param analytic the head over what the bricks make of an input, beside what the backbone alone makes of it
 */
public record GrowthOptions(int epochs, int batch, OptimiserOptions optimisation, int rank, double alpha, String sites,
    int bricks, AnalyticOptions analytic) {

  /** What suits LoRA on small encoders. */
  public static final GrowthOptions DEFAULT = new GrowthOptions(
      3, 32, OptimiserOptions.adamW(2e-3), 8, 16, LoraOptions.USUAL, 16, new AnalyticOptions(4096, 3, 0.03));

  /** Rates half an order of magnitude to either side of the default. */
  static final SearchSpace SEARCH_SPACE = SearchSpace.of("rate", "0.0006", "0.002", "0.006");

  /** Checks the ranges. */
  public GrowthOptions {
    if (epochs < 1 || epochs > 1000) {
      throw new UsageException("expected epochs between 1 and 1000, got " + epochs);
    }
    if (batch < 1 || batch > 4096) {
      throw new UsageException("expected batch between 1 and 4096, got " + batch);
    }
    if (bricks < 1 || bricks > 1000) {
      throw new UsageException("expected bricks between 1 and 1000, got " + bricks);
    }
    lora(rank, alpha, sites);
  }

  /** The layout of a brick. */
  LoraOptions lora() {
    return lora(rank, alpha, sites);
  }

  private static LoraOptions lora(int rank, double alpha, String sites) {
    return new LoraOptions(rank, alpha, 0, sites);
  }

  /** What the product of a brick is multiplied by. */
  double scale() {
    return alpha / rank;
  }
}
