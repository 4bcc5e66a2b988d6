package dev.perennial.learn.prototype;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.NearestMeanHead;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.OnePassLearner;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** The nearest of the classes' mean features of the frozen backbone. */
@Technique(
    name = "ncm",
    title = "iCaRL: Incremental Classifier and Representation Learning",
    source = "arXiv 1611.07725",
    cost = "one pass; keeps a mean a class and no sample")
public final class Ncm implements Method<Ncm.Options> {

  /** There is nothing to choose. */
  public record Options() {}

  @Override
  public Options defaults() {
    return new Options();
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new MeansLearner(context);
  }

  private static final class MeansLearner extends OnePassLearner {

    private static final String PART = "means";

    private final NearestMeanHead head;

    private MeansLearner(LearnerContext context) {
      super(context);
      this.head = new NearestMeanHead(context.backbone().width());
    }

    @Override
    protected void grow(Experience experience, List<String> fresh) {
      long means = fresh.size() * (context().backbone().width() + 1L);
      context().charge(experience, "class means", means, means * Double.BYTES);
      head.grow(classes().size());
    }

    @Override
    protected void add(List<Example> batch) {
      head.add(features(batch.stream().map(Example::input).toList()), classes().indicesOf(batch));
    }

    private Tensor features(List<? extends Input> inputs) {
      return context().cache().features(inputs, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return head.scores(features(inputs));
    }

    @Override
    protected List<StatePart> parts() {
      return List.of(StatePart.of(PART, Combine.SUM, head.state()));
    }

    @Override
    protected void restore(Map<String, StatePart> state) {
      head.restore(LearnerState.part(state, PART));
    }

    @Override
    public Footprint footprint() {
      return new Footprint(head.parameters(), head.bytes(), 0);
    }

    @Override
    public List<BrickInfo> bricks() {
      return head(PART, "nearest-mean-head", head.parameters());
    }

    @Override
    public void close() {
      head.close();
    }
  }
}
