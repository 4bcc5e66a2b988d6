package dev.perennial.learn.hypernetwork;

import dev.perennial.UsageException;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/**
 * A hypernetwork that maps a whole interval of embeddings of each task to networks, and proves for how many rows all of
 * them are right: {@link TaskNetworks#certified}.
 */
@Technique(
    name = "hyper-interval",
    title = "HyperInterval: Hypernetwork approach to training weight interval regions in continual learning",
    source = "arXiv 2405.15444",
    cost = "two passes a step through networks of all tasks' intervals; keeps an embedding a task, the hypernetwork and its"
        + " former self")
public final class HyperInterval implements Method<HyperInterval.Options> {

  /**
   * The options. Defaults of the first: 1 epoch, batches of 32, AdamW with rate 0.001, 1 hidden layer of 100, chunks of
   * 4096, embeddings of 32, 64 units, strength 0.1, recognition by means,
   * temperature 0.01.
   *
   * @param networks how networks are generated and trained
   * @param radius of each task's interval, in every number of the embedding, at least 0 and at most 10; default 0.005
   * @param spread how far from 0 the middles of intervals may lie, in radii, above 0; default 1. Up to 1 all intervals
   *     have embeddings in common
   * @param kappa weight of the loss at the middle of the interval, 0 to 1; the worst logits of the interval have the
   *     rest; default 0.5
   * @param universal whether all tasks are predicted with one embedding, the middle of what the intervals have in common;
   *     needs a spread of at most 1; default false
   */
  public record Options(TaskNetworkOptions networks, double radius, double spread, double kappa, boolean universal) {

    /** Checks the ranges. */
    public Options {
      require(radius >= 0 && radius <= 10, "a radius between 0 and 10", radius);
      require(spread > 0 && spread <= 1e6, "a spread above 0 and at most 1000000", spread);
      require(kappa >= 0 && kappa <= 1, "kappa between 0 and 1", kappa);
      require(!universal || spread <= 1, "a spread of at most 1 with universal=true", spread);
    }

    private static void require(boolean holds, String expected, Object value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(
        new TaskNetworkOptions(1, 32, OptimiserOptions.adamW(1e-3), 100, 1, 4096, 32, 64, 0.1,
            TaskNetworkOptions.Recognition.MEANS, 0.01),
        0.005, 1, 0.5, false);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("rate", "0.0003", "0.001", "0.003").and("strength", "0.01", "0.1", "1");
  }

  @Override
  public TaskNetworks learner(Options options, LearnerContext context) {
    return new TaskNetworks(
        options.networks(), context, target -> new IntervalHypernetwork(target, options, context.seed()));
  }
}
