package dev.perennial.learn.prompt;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;

/**
 * How prompts are trained.
 *
 * @param epochs passes over an experience, 1 to 1000; default 5
 * @param batch rows of a step, 1 to 4096; default 32
 * @param optimisation how the parameters follow their gradients; default adamw at 0.01
 * @param head which head is trained with them
 * @param own whether only the classes of the experience compete in its training, so that the rows of the head that belong
 *     to others stay as they are; where an experience has one class, all compete. Default true
 */
public record PromptTraining(int epochs, int batch, OptimiserOptions optimisation, HeadOptions head, boolean own) {

  /** What suits a few virtual tokens on a small encoder. */
  public static final PromptTraining DEFAULT =
      new PromptTraining(5, 32, OptimiserOptions.adamW(0.01), HeadOptions.DEFAULT, true);

  /**
   * Checks the ranges.
   *
   * @throws dev.perennial.UsageException if a value is out of its range
   */
  public PromptTraining {
    training(epochs, batch, optimisation, head);
  }

  /** The same for a gradient learner. */
  GradientOptions training() {
    return training(epochs, batch, optimisation, head);
  }

  private static GradientOptions training(int epochs, int batch, OptimiserOptions optimisation, HeadOptions head) {
    return new GradientOptions(epochs, batch, optimisation, LoraOptions.DEFAULT, head);
  }
}
