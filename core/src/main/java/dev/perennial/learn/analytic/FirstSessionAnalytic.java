package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * First Session Adaptation: A Strong Replay-Free Baseline for Class-Incremental Learning (arXiv 2303.13199), with LoRA
 * instead of FiLM layers, and the analytic head of G-ACIL (arXiv 2403.15706) instead of linear discriminants:
 *   experience 0: train a LoRA brick and a throw-away linear head, then freeze the brick
 *   every experience, 0 included: add its rows to the sums of the analytic head on the adapted network's features
 * After experience 0 the network never changes, so no later experience can spoil an earlier one.
 */
/** Adapts the network to the first experience, then learns every experience in closed form. */
@Technique(
    name = "first-session-analytic",
    title = "First Session Adaptation: A Strong Replay-Free Baseline for Class-Incremental Learning",
    source = "arXiv 2303.13199",
    cost = "LoRA on the first experience, then one pass, rows x features²; keeps features² sums and no sample")
public final class FirstSessionAnalytic implements Method<FirstSessionAnalytic.Options> {

  /**
   * The options.
   *
   * @param training how the first experience is trained on
   * @param analytic the head
   */
  public record Options(GradientOptions training, AnalyticOptions analytic) {}

  @Override
  public Options defaults() {
    return new Options(
        new GradientOptions(3, 32, OptimiserOptions.adamW(2e-3), new LoraOptions(16, 32, 0, "query|value"),
            new HeadOptions(HeadOptions.Kind.COSINE, 0.1)),
        AnalyticOptions.DEFAULT);
  }

  @Override
  public SearchSpace searchSpace() {
    return AnalyticOptions.SEARCH_SPACE;
  }

  @Override
  public Absorbing learner(Options options, LearnerContext context) {
    return new AdaptedLearner(
        new GradientLearner(options.training(), context, new Objective() {}),
        new AnalyticModel(options.analytic(), Source.BACKBONE, context));
  }

  private static final class AdaptedLearner implements Absorbing {

    private static final String ADAPTER = "adapter";

    private final GradientLearner adapter;
    private final AnalyticModel model;
    private FeatureCache.@Nullable Frozen frozen;

    private AdaptedLearner(GradientLearner adapter, AnalyticModel model) {
      this.adapter = adapter;
      this.model = model;
    }

    private long adaptingSteps(Experience experience) {
      return experience.index() == 0 ? adapter.steps(experience) : 0;
    }

    @Override
    public long steps(Experience experience) {
      return adaptingSteps(experience) + model.steps(experience);
    }

    @Override
    public void step(Experience experience, long step) {
      long adapting = adaptingSteps(experience);
      if (step < adapting) {
        adapter.step(experience, step);
      } else {
        model.step(experience, step - adapting, network());
      }
    }

    @Override
    public List<Example> rows(Experience experience, long step) {
      long adapting = adaptingSteps(experience);
      return step < adapting ? adapter.rows(experience, step) : model.rows(experience, step - adapting);
    }

    @Override
    public void absorb(List<Example> rows) {
      model.absorb(rows, network());
    }

    /** The adapted network, once its training is over. */
    private FeatureCache.Frozen network() {
      FeatureCache.Frozen network = frozen;
      if (network == null) {
        network = adapter.freeze();
        frozen = network;
      }
      return network;
    }

    @Override
    public List<String> classNames() {
      return model.classes().names();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      // While the network is still being adapted, the head has no class, and nothing may be frozen.
      return model.classes().size() == 0 ? Tensors.zeros(inputs.size(), 0) : model.scores(inputs, network());
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<StatePart>(model.state());
      parts.addAll(LearnerState.prefixed(ADAPTER + "/", adapter.state()));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      model.restore(state, past);
      adapter.restore(LearnerState.under(ADAPTER + "/", state), past);
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
      return model.footprint(adapter.brickParameters());
    }

    @Override
    public Optional<SavedBrick> saved(String name) {
      // The head that the brick was trained with is thrown away.
      return name.equals(ADAPTER) ? adapter.saved("brick").map(SavedBrick::withoutHead) : Optional.empty();
    }

    @Override
    public List<BrickInfo> bricks() {
      var bricks = new ArrayList<BrickInfo>();
      if (adapter.brickParameters() > 0) {
        bricks.add(adapter.brick(ADAPTER));
      }
      if (model.classes().size() > 0) {
        bricks.add(model.brick(ADAPTER));
      }
      return bricks;
    }

    @Override
    public void close() {
      adapter.close();
      model.close();
    }
  }
}
