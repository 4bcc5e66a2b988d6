package dev.perennial.learn.analytic;

import dev.perennial.FailureException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** Learns by {@link LatentReplay}: a brick that is trained on as rows come, under an analytic head. */
final class ReplayingLearner implements Absorbing {

  private static final String ADAPTER = "adapter";
  private static final String NEXT = "next";
  private static final String LATENTS = "latents/";
  private static final String PLAN = "plan";
  private static final long REPLAYED = 131;

  private final LatentReplay.Options options;
  private final GradientOptions training;
  private final LearnerContext context;
  private final int block;
  private final AnalyticModel model;
  private final Latents latents;
  private GradientLearner adapter;
  /** What is trained now, and takes the adapter's place once the sums are made with it. */
  private @Nullable GradientLearner next;
  private FeatureCache.@Nullable Frozen frozen;
  private FeatureCache.@Nullable Frozen nextFrozen;
  private Plan plan = new Plan(-1, 0, 0, 0);
  private @Nullable Experience all;
  private @Nullable Experience drawn;
  /** Rows that there were when the brick was trained last; 0 before the first time. */
  private int trainedOn;
  private boolean givenUp;

  /**
   * What is done in an experience.
   *
   * @param experience its number
   * @param rows that are kept when it is learned, its own among them
   * @param before how many of them there were when the brick was trained last; 0 where it is trained for the first time
   * @param training rows that the brick is trained on; 0 where it is not
   */
  private record Plan(int experience, int rows, int before, int training) {}

  ReplayingLearner(LatentReplay.Options options, GradientOptions training, LearnerContext context, int block) {
    this.options = options;
    this.training = training;
    this.context = context;
    this.block = block;
    this.model = new AnalyticModel(options.analytic(), Source.BACKBONE, context);
    this.latents = new Latents(block, context.backbone().tokenWidth());
    this.adapter = new GradientLearner(training, context, new Objective() {});
  }

  private Plan plan(Experience experience) {
    if (plan.experience == experience.index()) {
      return plan;
    }
    int rows = latents.size() + experience.train().size();
    var classes = new HashSet<>(model.classes().names());
    classes.addAll(experience.classes());
    boolean trains = !givenUp && classes.size() > 1 && rows >= options.again() * trainedOn;
    int more = rows - trainedOn;
    return new Plan(experience.index(), rows, trainedOn,
        trains ? more + (int) Math.min(trainedOn, Math.round(options.replayed() * more)) : 0);
  }

  private long trainingSteps(Plan of) {
    return passes(of).epochs() * EpochOrder.steps(of.training, training.batch());
  }

  /** How a brick is trained: as the options say the first time, and in one pass from then on. */
  private GradientOptions passes(Plan of) {
    return of.before == 0 ? training : training.withEpochs(1);
  }

  @Override
  public long steps(Experience experience) {
    Plan of = plan(experience);
    return trainingSteps(of) + (of.training > 0 ? AnalyticModel.steps(of.rows) : model.steps(experience));
  }

  @Override
  public void step(Experience experience, long step) {
    if (step == 0) {
      plan = plan(experience);
      context.register(experience);
      remember(experience, experience.train());
      all = null;
      drawn = null;
    }
    long trainingSteps = trainingSteps(plan);
    if (plan.training > 0 && (!givenUp || plan.rows == experience.train().size())) {
      replay(experience, step, trainingSteps);
    } else if (step >= trainingSteps && step - trainingSteps < model.steps(experience)) {
      // Where states were given up when it had begun, the steps that it was to take are fewer, and the others are empty.
      model.step(experience, step - trainingSteps, network());
    }
  }

  /** All rows that there were, from what is kept of them; where these are the first, they are there themselves. */
  private Experience all(Experience experience) {
    if (plan.rows == experience.train().size()) {
      return experience;
    }
    Experience rows = all;
    if (rows == null) {
      rows = of(experience, latents.rows().subList(0, plan.rows));
      all = rows;
    }
    return rows;
  }

  /** The rows that the brick is trained on: those that came since the last time, and some that were there before. */
  private Experience drawn(Experience experience) {
    if (plan.before == 0) {
      return all(experience);
    }
    Experience rows = drawn;
    if (rows == null) {
      List<Example> kept = latents.rows();
      var chosen = new ArrayList<>(kept.subList(plan.before, plan.rows));
      int[] order = CounterRandom.of(context.seed(), REPLAYED, experience.index()).permutation(plan.before);
      for (int i = 0; chosen.size() < plan.training; i++) {
        chosen.add(kept.get(order[i]));
      }
      rows = of(experience, chosen);
      drawn = rows;
    }
    return rows;
  }

  /** The experience with other rows, and all classes that are known with it. */
  private Experience of(Experience experience, List<Example> rows) {
    var classes = new LinkedHashSet<>(model.classes().names());
    classes.addAll(experience.classes());
    return new Experience(experience.index(), experience.name(), List.copyOf(classes), rows, List.of());
  }

  private void replay(Experience experience, long step, long trainingSteps) {
    GradientLearner learning = next;
    if (learning == null) {
      learning = beginning();
      next = learning;
    }
    if (step < trainingSteps) {
      learning.step(drawn(experience), step);
      return;
    }
    if (step == trainingSteps) {
      model.clear();
    }
    FeatureCache.Frozen network = nextFrozen;
    if (network == null) {
      network = learning.freeze();
      nextFrozen = network;
    }
    Experience rows = all(experience);
    model.step(rows, step - trainingSteps, network);
    if (step == trainingSteps + model.steps(rows) - 1) {
      adapter.close();
      adapter = learning;
      frozen = network;
      next = null;
      nextFrozen = null;
      all = null;
      drawn = null;
      trainedOn = plan.rows;
    }
  }

  /** What is to be trained: a copy of the adapter as it is. Until it has taken the adapter's place, that one serves. */
  private GradientLearner beginning() {
    GradientLearner copy = beginner();
    if (plan.before == 0) {
      return copy;
    }
    var state = new HashMap<String, StatePart>();
    adapter.state().forEach(part -> state.put(part.name(), part));
    copy.restore(state, List.of());
    return copy;
  }

  /** One that has learned nothing, for what is trained now. */
  private GradientLearner beginner() {
    // What a brick takes is paid for the first time.
    LearnerContext unpaid = new LearnerContext(context.backbone(), context.cache(), context.workers(),
        new Ledger(Budget.UNLIMITED), context.origin(), context.exchange());
    return new GradientLearner(passes(plan), plan.before == 0 ? context : unpaid, new Objective() {});
  }

  /** Keeps states of rows, or gives all up where that takes too much. */
  private void remember(Experience experience, List<Example> rows) {
    if (givenUp) {
      return;
    }
    List<Input> inputs = rows.stream().map(Example::input).toList();
    long more = latents.bytes(inputs.stream().mapToInt(input -> context.cache().row(input).length()).sum());
    if (latents.bytes() + more > (long) options.latents() << 20) {
      giveUp();
      return;
    }
    context.charge(experience, "states of rows", 0, more);
    latents.add(rows, context.cache().states(inputs, FeatureCache.Frozen.BACKBONE, block));
  }

  private void giveUp() {
    givenUp = true;
    latents.clear();
  }

  @Override
  public void absorb(List<Example> rows) {
    model.absorb(rows, network());
    remember(new Experience(Math.max(0, plan.experience), "rows that came late", List.of(), rows, List.of()), rows);
  }

  /** The network under the head. */
  private FeatureCache.Frozen network() {
    FeatureCache.Frozen network = frozen;
    if (network == null) {
      network = trainedOn > 0 ? adapter.freeze() : FeatureCache.Frozen.BACKBONE;
      frozen = network;
    }
    return network;
  }

  @Override
  public List<Example> rows(Experience experience, long step) {
    Plan of = plan(experience);
    long trainingSteps = trainingSteps(of);
    if (of.training > 0 && of.rows > experience.train().size()) {
      // Most of what such a step learns came before.
      return List.of();
    }
    return step < trainingSteps ? adapter.rows(experience, step) : model.rows(experience, step - trainingSteps);
  }

  @Override
  public List<String> classNames() {
    return model.classes().names();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    return model.classes().size() == 0 ? Tensors.zeros(inputs.size(), 0) : model.scores(inputs, network());
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>(model.state());
    parts.addAll(LearnerState.prefixed(ADAPTER + "/", adapter.state()));
    if (next != null) {
      parts.addAll(LearnerState.prefixed(NEXT + "/", next.state()));
    }
    parts.addAll(latents.state(LATENTS));
    parts.add(StatePart.of(PLAN, Combine.LATEST, Map.of("counters", TensorData.of(
        new long[] {plan.experience, plan.rows, plan.before, plan.training, trainedOn, givenUp ? 1 : 0}, 6))));
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    long[] counters = LearnerState.part(state, PLAN).tensor("counters").longs();
    if (counters.length != 6) {
      throw new FailureException("expected 6 counters of latent-replay, found " + counters.length + ": the state is damaged");
    }
    plan = new Plan((int) counters[0], (int) counters[1], (int) counters[2], (int) counters[3]);
    trainedOn = (int) counters[4];
    givenUp = counters[5] == 1;
    model.restore(state, past);
    adapter.restore(LearnerState.under(ADAPTER + "/", state), past);
    latents.restore(LearnerState.under(LATENTS, state));
    if (model.rows() > latents.size()) {
      // A server has taught rows that are in the sums alone: made anew, these would lack them.
      giveUp();
    }
    Map<String, StatePart> learning = LearnerState.under(NEXT + "/", state);
    if (!learning.isEmpty()) {
      next = beginner();
      next.restore(learning, past);
    }
  }

  @Override
  public Set<String> partial() {
    return Set.of(AnalyticModel.STATISTICS);
  }

  @Override
  public boolean scoresNeed(String part) {
    return !part.equals(AnalyticModel.STATISTICS) && !part.startsWith(LATENTS) && !part.startsWith(NEXT + "/");
  }

  @Override
  public Footprint footprint() {
    Footprint head = model.footprint(adapter.brickParameters());
    return new Footprint(head.trainableParameters(), head.addedBytes(), head.memoryBytes() + latents.bytes());
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    return name.equals(ADAPTER) ? adapter.saved("brick").map(SavedBrick::withoutHead) : Optional.empty();
  }

  @Override
  public List<BrickInfo> bricks() {
    var bricks = new ArrayList<BrickInfo>();
    if (adapter.brickParameters() > 0) {
      bricks.add(adapter.brick(ADAPTER));
    }
    if (model.classes().size() > 0) {
      bricks.add(trainedOn > 0 ? model.brick(ADAPTER) : model.brick());
    }
    return bricks;
  }

  @Override
  public void close() {
    adapter.close();
    if (next != null) {
      next.close();
    }
    model.close();
  }
}
