package dev.perennial.learn.fewshot;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/*
 * Mamba-FSCIL: Dynamic Adaptation with Selective State Space Model for Few-Shot Class-Incremental Learning
 * (arXiv 2407.06136). Of the frozen network's features x of an input, a sequence:
 *   z = x + base(x) + incremental(x)        two selective scans, as in SelectiveBranch; each place of x has length 1
 *   score of class c = cos(z, w_c) / t
 * with w_c a vertex of a simplex that was there before any class was (classifier=simplex), or the projection of the
 * mean sequence of the class (classifier=means).
 *   experience 0    trains base(x), after the network itself where adapt=true; then both are frozen
 *   later           trains incremental(x) on the rows and on the mean sequences of all classes known before, with the
 *                   losses that ProjectorLoss has
 * Not as in the paper: the sequence there is an image's map of features, here the pooled features of the network's last
 * blocks, which any network has; scans go two ways along it instead of four across; there is no layer in front of them.
 */
/** Two selective scans between a frozen network and classes that few rows tell of: one stays, one learns them. */
@Technique(
    name = "ssm-projector",
    title = "Mamba-FSCIL: Dynamic Adaptation with Selective State Space Model for Few-Shot Class-Incremental Learning",
    source = "arXiv 2407.06136",
    cost = "a small network on frozen features; keeps a mean sequence a class and no sample")
public final class SsmProjector implements Method<SsmProjector.Options> {

  /** What an input's projection is compared with. */
  public enum Classifier {
    /** Vertices of a simplex, one a class. There are one more of them than features in a sequence. */
    SIMPLEX,
    /** The projections of the classes' mean sequences. */
    MEANS
  }

  /**
   * The options.
   *
   * @param adapt whether the network is trained on the first experience before it is frozen; default false
   * @param training how, and the size of every batch
   * @param projector the two branches
   * @param classifier what projections are compared with; default means
   * @param temperature what cosines are divided by, above 0; default 0.1
   * @param baseEpochs passes of the base branch over the first experience, 0 to 1000; default 3
   * @param newEpochs passes of the incremental branch over a later one, 0 to 1000; default 5
   * @param pseudoClasses classes made up of pairs of the first experience's, which the base branch learns beside them,
   *     0 to 100000; default 128
   * @param suppress weight of keeping the incremental branch silent on classes of the first experience, at least 0;
   *     default 1
   * @param express weight of having it speak on later classes, at least 0; default 0.1
   * @param separate weight of having it scan the two kinds of classes differently, at least 0; default 0.1
   */
  public record Options(
      boolean adapt, GradientOptions training, ProjectorOptions projector, Classifier classifier, double temperature,
      int baseEpochs, int newEpochs, int pseudoClasses, double suppress, double express, double separate) {

    /** Checks the ranges. */
    public Options {
      require(temperature > 0 && temperature < Double.POSITIVE_INFINITY, "a temperature above 0", temperature);
      require(baseEpochs >= 0 && baseEpochs <= 1000, "baseEpochs between 0 and 1000", baseEpochs);
      require(newEpochs >= 0 && newEpochs <= 1000, "newEpochs between 0 and 1000", newEpochs);
      require(pseudoClasses >= 0 && pseudoClasses <= 100_000, "pseudoClasses between 0 and 100000", pseudoClasses);
      require(suppress >= 0 && suppress < Double.POSITIVE_INFINITY, "a suppress of at least 0", suppress);
      require(express >= 0 && express < Double.POSITIVE_INFINITY, "an express of at least 0", express);
      require(separate >= 0 && separate < Double.POSITIVE_INFINITY, "a separate of at least 0", separate);
    }
  }

  /**
   * The shape of a branch, and how it follows its gradients: by AdamW, whose rate falls along a half cosine.
   *
   * @param levels blocks whose features make the sequence, the last ones, 1 to 64; default 4, and all where there are
   *     fewer
   * @param channels of the scan, 1 to 4096; default 128
   * @param states of each channel, 1 to 256; default 16
   * @param baseRate highest learning rate of the base branch, above 0 and at most 10; default 0.0003
   * @param newRate that of the incremental branch; default 0.001
   */
  public record ProjectorOptions(int levels, int channels, int states, double baseRate, double newRate) {

    /** Checks the ranges. */
    public ProjectorOptions {
      require(levels >= 1 && levels <= 64, "levels between 1 and 64", levels);
      require(channels >= 1 && channels <= 4096, "channels between 1 and 4096", channels);
      require(states >= 1 && states <= 256, "states between 1 and 256", states);
      require(baseRate > 0 && baseRate <= 10, "a baseRate above 0 and at most 10", baseRate);
      require(newRate > 0 && newRate <= 10, "a newRate above 0 and at most 10", newRate);
    }
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + ", got " + value);
    }
  }

  @Override
  public Options defaults() {
    return new Options(
        false,
        new GradientOptions(3, 32, OptimiserOptions.adamW(2e-3), new LoraOptions(16, 32, 0, "query|value"),
            new HeadOptions(HeadOptions.Kind.COSINE, 0.1)),
        new ProjectorOptions(4, 128, 16, 3e-4, 1e-3), Classifier.MEANS, 0.1, 3, 5, 128, 1, 0.1, 0.1);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("baseRate", "0.0001", "0.0003", "0.001")
        .and("newRate", "0.0003", "0.001", "0.003")
        .and("classifier", "means", "simplex");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new ProjectorLearner(options, context);
  }
}
