package dev.perennial.learn.fewshot;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/*
 * A Bag of Tricks for Few-Shot Class-Incremental Learning (arXiv 2403.14392). The first experience trains the network,
 * later ones hardly do; an input belongs to the class whose rows' mean feature is nearest by angle. The tricks, each
 * with the options that bring it, or take it away again:
 *   stability     supervised contrast of the rows of a batch (contrast=1)
 *                 directions reserved for classes: the head is a simplex that is not trained (prototypes=simplex)
 *                 pseudo-classes, rows mixed of two classes, which take the reserved directions (pseudo=0)
 *   adaptability  later experiences tune the part of the network whose weights are smallest, held near where it was
 *                 (subnet=0.1)
 *   training      steps that only tell rows apart, without labels, before any others (pretraining=1); rates that rise
 *                 and fall (schedule=constant warmup=0); a larger encoder (backbone)
 * Not as in the paper: the second view of a row, an augmented image there, are its features with some left out, which
 * any input has; the pretext task of rotated images has no counterpart for texts, and is left out.
 */
/** Trains the network on a large first experience for the sake of classes to come, which then take a mean each. */
@Technique(
    name = "bag-of-tricks",
    title = "A Bag of Tricks for Few-Shot Class-Incremental Learning",
    source = "arXiv 2403.14392",
    cost = "LoRA or the weights on the first experience, little later; keeps a mean a class and no sample")
public final class BagOfTricks implements Method<BagOfTricks.Options> {

  /** What the rows of a class are drawn to while the network is trained. */
  public enum Prototypes {
    /** To a row of the head that learns with the network. */
    LEARNED,
    /** To a vertex of a simplex, which stays. */
    SIMPLEX
  }

  /**
   * The options.
   *
   * @param training how it trains; outputs beyond the classes known are what pseudo-classes take
   * @param prototypes what the rows of a class are drawn to
   * @param contrast weight of the supervised contrast, at least 0; default 0, for none
   * @param contrastTemperature what it divides cosines by, above 0; default 0.1
   * @param leftOut share of features that the second view is without, 0 to below 1; default 0.1
   * @param pseudo rows of pseudo-classes in a step, as a share of its rows, 0 to 4; default 0.5, 0 for none
   * @param pretraining how many of the first experience's passes tell rows apart without labels before the others learn
   *     classes, 0 to below epochs; default 0
   * @param subnet share of the weights below the head that later experiences tune, 0 to 1; default 0, for none
   * @param hold how far weights are drawn back to where they were before the experience, after each of its steps, 0 for
   *     not at all to 1 for all the way; default 0.9
   */
  public record Options(
      GradientOptions training, Prototypes prototypes, double contrast, double contrastTemperature, double leftOut,
      double pseudo, int pretraining, double subnet, double hold) {

    /** Checks the ranges. */
    public Options {
      require(training.head().head() == HeadOptions.Kind.COSINE, "head=cosine, as classes are told apart by angle",
          training.head().head());
      require(contrast >= 0 && contrast < Double.POSITIVE_INFINITY, "a contrast of at least 0", contrast);
      require(contrastTemperature > 0 && contrastTemperature < Double.POSITIVE_INFINITY,
          "a contrastTemperature above 0", contrastTemperature);
      require(leftOut >= 0 && leftOut < 1, "leftOut from 0 to below 1", leftOut);
      require(pseudo >= 0 && pseudo <= 4, "pseudo between 0 and 4", pseudo);
      require(pretraining >= 0 && pretraining < training.epochs(), "pretraining from 0 to below epochs", pretraining);
      require(subnet >= 0 && subnet <= 1, "a subnet between 0 and 1", subnet);
      require(hold >= 0 && hold <= 1, "a hold between 0 and 1", hold);
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
        new GradientOptions(3, 32, OptimiserOptions.adamW(2e-3), new LoraOptions(16, 32, 0.1, "layer.[2345].*(query|value)"),
            new HeadOptions(HeadOptions.Kind.COSINE, 0.1, 200)),
        Prototypes.LEARNED, 0, 0.1, 0.1, 0.5, 0, 0, 0.9);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("contrast", "0", "0.1", "1")
        .and("prototypes", "learned", "simplex")
        .and("pseudo", "0", "0.5");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Tricks(options, context));
  }
}
