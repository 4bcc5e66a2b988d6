package dev.perennial.learn.structure;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;

/**
 * How a technique trains that makes the network's weights itself. Nothing is dropped out.
 *
 * @param epochs passes over an experience, 1 to 1000; default 3
 * @param batch rows of a step, 1 to 4096; default 32
 * @param optimisation how the parameters follow their gradients
 * @param rank of the LoRA brick in a frozen backbone, 1 to 1024; default 8
 * @param alpha of the brick, above 0; default 16
 * @param sites of the brick, a regular expression; default query and value
 * @param head which head is trained
 */
public record StructureOptions(
    int epochs, int batch, OptimiserOptions optimisation, int rank, double alpha, String sites, HeadOptions head) {

  /** What gradient learners train with by default. */
  public static final StructureOptions DEFAULT = new StructureOptions(
      GradientOptions.DEFAULT.epochs(), GradientOptions.DEFAULT.batch(), GradientOptions.DEFAULT.optimisation(),
      LoraOptions.DEFAULT.rank(), LoraOptions.DEFAULT.alpha(), LoraOptions.DEFAULT.sites(), HeadOptions.DEFAULT);

  /**
   * Checks the ranges.
   *
   * @throws dev.perennial.UsageException if a value is out of its range
   */
  public StructureOptions {
    training(epochs, batch, optimisation, rank, alpha, sites, head);
  }

  /** The same for a gradient learner. */
  GradientOptions training() {
    return training(epochs, batch, optimisation, rank, alpha, sites, head);
  }

  private static GradientOptions training(
      int epochs, int batch, OptimiserOptions optimisation, int rank, double alpha, String sites, HeadOptions head) {
    return new GradientOptions(epochs, batch, optimisation, new LoraOptions(rank, alpha, 0, sites), head);
  }
}
