package dev.perennial.learn.fewshot;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.OnePassLearner;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Class means of frozen features, told apart where rows of a class scatter alike in all directions, as in the work named
 * below without its random features; and beyond it: means in which the name of a class counts as much as names have proved to tell about classes.
 *
 * <p>The head is {@link WhitenedMeans}. A name is what is written in the label, with blanks for all that is neither letter
 * nor digit, and is embedded as any text is. Where names say nothing ({@code c17}) or inputs are no texts, it is the same
 * technique without them.
 */
@Technique(
    name = "named-means",
    title = "RanPAC: Random Projections and Pre-trained Models for Continual Learning",
    source = "arXiv 2307.02251",
    cost = "one pass; keeps a mean a class, the covariance within classes, and no sample")
public final class NamedMeans implements Method<NamedMeans.Options> {

  /**
   * The options.
   *
   * @param levels how many of the last blocks' features stand side by side, each of length 1, at least 1; default 3
   * @param shrink how much of its mean diagonal is added to the diagonal of the covariance, above 0; default 4
   * @param names whether the names of classes count; default true
   */
  public record Options(int levels, double shrink, boolean names) {

    /** Checks the ranges. */
    public Options {
      if (levels < 1 || !(shrink > 0) || Double.isInfinite(shrink)) {
        throw new UsageException("expected levels of at least 1 and a shrink above 0, got " + levels + " and " + shrink);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(3, 4, true);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("shrink", "1", "4", "16").and("levels", "1", "3");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new NamedLearner(options, context);
  }

  private static final class NamedLearner extends OnePassLearner {

    private static final String MEANS = "means";
    private static final String NAMES = "names";

    private final Options options;
    private final int levels;
    private final long width;
    private final WhitenedMeans head;

    private NamedLearner(Options options, LearnerContext context) {
      super(context);
      this.options = options;
      this.levels = Math.min(options.levels, context.backbone().blocks());
      this.width = (long) levels * context.backbone().width();
      this.head = new WhitenedMeans(width, options.shrink);
    }

    @Override
    protected void grow(Experience experience, List<String> fresh) {
      int known = classes().size() - fresh.size();
      long parameters = known == 0 ? 0 : head.parameters();
      long bytes = known == 0 ? 0 : head.bytes();
      context().charge(experience, "class means", WhitenedMeans.parameters(width, classes().size()) - parameters,
          WhitenedMeans.bytes(width, classes().size()) - bytes);
      if (!fresh.isEmpty()) {
        head.grow(embedded(experience, fresh));
      }
    }

    @Override
    protected void add(List<Example> batch) {
      head.add(features(context().cache(), batch.stream().map(Example::input).toList()), classes().indicesOf(batch));
    }

    /** What the names of classes are as texts; zeros where they do not count, or inputs are no texts. */
    private Tensor embedded(Experience experience, List<String> names) {
      boolean ofTexts = experience.train().stream().allMatch(row -> row.input() instanceof Input.Text);
      if (!options.names || !ofTexts) {
        return Tensors.zeros(names.size(), width);
      }
      List<Input.Text> texts = names.stream().map(name -> new Input.Text(asText(name))).toList();
      return features(new FeatureCache(context().backbone(), context().workers(), 0), texts);
    }

    private static String asText(String name) {
      String words = name.replaceAll("[^\\p{L}\\p{N}]+", " ").strip();
      return words.isEmpty() ? name : words;
    }

    private Tensor features(FeatureCache cache, List<? extends Input> inputs) {
      Tensor blocks = cache.features(inputs, FeatureCache.Frozen.BACKBONE, levels);
      return torch.normalize(blocks.view(-1, context().backbone().width())).view(-1, width);
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return head.scores(features(context().cache(), inputs));
    }

    @Override
    protected List<StatePart> parts() {
      return List.of(StatePart.of(MEANS, Combine.SUM, head.statistics()), StatePart.of(NAMES, Combine.LATEST, head.names()));
    }

    @Override
    protected void restore(Map<String, StatePart> state) {
      head.restore(LearnerState.part(state, MEANS), LearnerState.part(state, NAMES));
    }

    @Override
    public Footprint footprint() {
      return new Footprint(head.parameters(), head.bytes(), 0);
    }

    @Override
    public List<BrickInfo> bricks() {
      return head(MEANS, "whitened-means-head", head.parameters());
    }

    @Override
    public void close() {
      head.close();
    }
  }
}
