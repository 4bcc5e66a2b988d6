package dev.perennial.learn.prototype;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.NearestMeanHead;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
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

  private static final class MeansLearner implements Learner {

    private static final int BATCH = 512;
    private static final String PART = "means";

    private final LearnerContext context;
    private final Classes classes = new Classes();
    private final NearestMeanHead head;
    private int begun = -1;
    private int lastExperience = -1;

    private MeansLearner(LearnerContext context) {
      this.context = context;
      this.head = new NearestMeanHead(context.backbone().width());
    }

    @Override
    public long steps(Experience experience) {
      return Math.ceilDiv(experience.train().size(), BATCH);
    }

    @Override
    public void step(Experience experience, long step) {
      if (step == 0) {
        long means = classes.add(experience.classes()) * (context.backbone().width() + 1L);
        context.charge(experience, "class means", means, means * Double.BYTES);
        head.grow(classes.size());
        lastExperience = experience.index();
      }
      if (begun != experience.index()) {
        begun = experience.index();
        context.register(experience);
      }
      List<Example> batch = rows(experience, step);
      head.add(features(batch.stream().map(Example::input).toList()), classes.indicesOf(batch));
    }

    @Override
    public List<Example> rows(Experience experience, long step) {
      int start = Math.toIntExact(step * BATCH);
      return experience.train().subList(start, Math.min(start + BATCH, experience.train().size()));
    }

    private Tensor features(List<? extends Input> inputs) {
      return context.cache().features(inputs, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public List<String> classNames() {
      return classes.names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return head.scores(features(inputs));
    }

    @Override
    public List<StatePart> state() {
      return List.of(LearnerState.origin(context.backbone(), lastExperience), classes.state(), StatePart.of(PART, Combine.SUM, head.state()));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      lastExperience = LearnerState.requireOrigin(state, context.backbone());
      past.forEach(context::register);
      classes.restore(state);
      head.restore(LearnerState.part(state, PART));
      }

    @Override
    public Footprint footprint() {
      return new Footprint(head.parameters(), head.bytes(), 0);
    }

    @Override
    public List<BrickInfo> bricks() {
      return classes.size() == 0 ? List.of() : List.of(new BrickInfo(
          PART, "nearest-mean-head", head.parameters(), List.of(), context.origin().learnedUpTo(lastExperience)));
    }

    @Override
    public void close() {
      head.close();
    }
  }
}
