package dev.perennial.learn.privacy;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.OnePassLearner;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * As ncm, score_c = - | x / |x| - m_c / |m_c| |², with m_c the mean of the class's shortened features as the tree
 * mechanism released it: sums and counts with noise of
 *
 *   sigma = s sqrt(L / (2 rho))     s = sqrt(1 + 1/16) clip lengths     L = floor(log2 horizon) + 1
 *
 * for each of the nodes that a release is the sum of.
 */
/**
 * The nearest of the classes' mean features of the frozen backbone, the means released under differential privacy.
 *
 * <p>Privacy: neighbours are streams of which one has one row more than the other in one experience, and otherwise the
 * same experiences with the same class lists. All predictions after all experiences together are
 * (epsilon, delta)-differentially private, as they are made of the released sums alone; releases come at the end of an
 * experience, and a class scores as an unknown one until its first. Not private are the names of the classes, which of
 * them an experience has, the backbone, figures measured on the rows, the store, which holds the exact sums, and the
 * seed, which makes the noise: choose it at random, tell nobody, and use it for one stream.
 */
@Technique(
    name = "private-ncm",
    title = "The Price of Differential Privacy under Continual Observation",
    source = "arXiv 2112.00828",
    cost = "one pass; keeps 2 log2(horizon) sums a class and no sample")
public final class PrivateNcm implements Method<PrivateNcm.Options> {

  /**
   * The options.
   *
   * @param budget what may become known of one row, over the whole stream
   * @param horizon experiences that a class may have rows in at most, 1 to 1048576; default 16. Noise grows with its
   *     logarithm
   * @param clip length of a row's features above which they are shortened, above 0; default 1, at which rows with long
   *     features all count the same, as they do in ncm. It must not be chosen by looking at the rows
   */
  public record Options(PrivacyBudget budget, int horizon, double clip) {

    /** Checks the ranges. */
    public Options {
      if (horizon < 1 || horizon > 1 << 20) {
        throw new UsageException("expected a horizon between 1 and 1048576, got " + horizon);
      }
      if (!(clip > 0) || Double.isInfinite(clip)) {
        throw new UsageException("expected a clip above 0, got " + clip);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(PrivacyBudget.DEFAULT, 16, 1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new PrivateMeans(options, context);
  }

  private static final class PrivateMeans extends OnePassLearner {

    private final int width;
    private final ClassStatistics statistics;

    private PrivateMeans(Options options, LearnerContext context) {
      super(context);
      this.width = context.backbone().width();
      this.statistics = new ClassStatistics(width, options, context.seed());
    }

    @Override
    protected void grow(Experience experience, List<String> fresh) {
      long released = fresh.size() * (width + 1L);
      context().charge(experience, "released means", released, released * Long.BYTES);
      context().charge(experience, "private sums", 0, fresh.size() * statistics.bytesOfClass());
      statistics.grow(classes().size());
    }

    @Override
    protected void add(List<Example> batch) {
      statistics.add(
          Tensors.toFloats(features(batch.stream().map(Example::input).toList())), classes().indicesOf(batch));
    }

    @Override
    protected void finish(Experience experience) {
      statistics.release(experience.classes().stream().mapToInt(classes()::indexOf).toArray());
    }

    private Tensor features(List<? extends Input> inputs) {
      return context().cache().features(inputs, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      double[] means = new double[classes().size() * width];
      for (int c = 0; c < classes().size(); c++) {
        // A class of which less than a row is counted scores as one without rows, -2.
        if (statistics.count(c) >= 1) {
          System.arraycopy(statistics.sum(c), 0, means, c * width, width);
        }
      }
      Tensor directions = torch.normalize(Tensors.doubles(means, classes().size(), width)).to(torch.ScalarType.Float);
      // |a - b|² = 2 - 2 a·b for vectors of length 1.
      return torch.mm(torch.normalize(features(inputs)), directions.t()).mul(new Scalar(2.0)).sub(new Scalar(2.0));
    }

    @Override
    protected List<StatePart> parts() {
      return List.of(statistics.state());
    }

    @Override
    protected void restore(Map<String, StatePart> state) {
      statistics.restore(state, classes().size());
    }

    @Override
    public Footprint footprint() {
      return new Footprint(
          parameters(), parameters() * Long.BYTES, statistics.classes() * statistics.bytesOfClass());
    }

    private long parameters() {
      return classes().size() * (width + 1L);
    }

    @Override
    public List<BrickInfo> bricks() {
      return head("means", "private-mean-head", parameters());
    }

    @Override
    public void close() {
      // It holds no native memory.
    }
  }
}
