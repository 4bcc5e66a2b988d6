package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/** Ridge regression on random features of the frozen backbone or of patches: equal to learning all data at once. */
@Technique(
    name = "g-acil",
    title = "G-ACIL: Analytic Learning for Exemplar-Free Generalized Class Incremental Learning",
    source = "arXiv 2403.15706",
    cost = "one pass, rows x features²; keeps features² sums and no sample")
public final class GAcil implements Method<GAcil.Options> {

  /**
   * The options.
   *
   * @param analytic the head; patches suit a ridge of 0.001
   * @param source where its features come from; default auto. With patches, levels are not used
   */
  public record Options(AnalyticOptions analytic, Source source) {

    /** A head on features from where they suit. */
    public Options(AnalyticOptions analytic) {
      this(analytic, Source.AUTO);
    }
  }

  @Override
  public Options defaults() {
    return new Options(AnalyticOptions.DEFAULT);
  }

  @Override
  public SearchSpace searchSpace() {
    return AnalyticOptions.SEARCH_SPACE;
  }

  @Override
  public Absorbing learner(Options options, LearnerContext context) {
    return new AnalyticLearner(new AnalyticModel(options.analytic(), options.source(), context));
  }

  private record AnalyticLearner(AnalyticModel model) implements Absorbing {

    @Override
    public long steps(Experience experience) {
      return model.steps(experience);
    }

    @Override
    public void step(Experience experience, long step) {
      model.step(experience, step, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public List<Example> rows(Experience experience, long step) {
      return model.rows(experience, step);
    }

    @Override
    public void absorb(List<Example> rows) {
      model.absorb(rows, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public List<String> classNames() {
      return model.classes().names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return model.scores(inputs, FeatureCache.Frozen.BACKBONE);
    }

    @Override
    public List<StatePart> state() {
      return model.state();
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      model.restore(state, past);
    }

    @Override
    public Set<String> partial() {
      return Set.of(AnalyticModel.STATISTICS);
    }

    @Override
    public boolean scoresNeed(String part) {
      return !part.equals(AnalyticModel.STATISTICS);
    }

    @Override
    public Footprint footprint() {
      return model.footprint(0);
    }

    @Override
    public List<BrickInfo> bricks() {
      return model.classes().size() == 0 ? List.of() : List.of(model.brick());
    }

    @Override
    public void close() {
      model.close();
    }
  }
}
