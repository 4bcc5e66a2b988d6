package dev.perennial.learn;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Adjusting;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Placement;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A learner that minimises an {@link Objective} by gradients: one brick, or the backbone's own weights where it is not
 * frozen, and a head that grows with the classes.
 *
 * <p>A step is one batch. The order of the rows is drawn anew for each epoch. The optimiser starts anew with each
 * experience. Budgets: the brick and new rows of the head are charged before they are made, what the objective keeps of
 * the past when it first exceeds what was charged before.
 */
public final class GradientLearner implements Learner, Objective.Model {

  private static final String PARAMETERS = "parameters";
  private static final String OPTIMISER = "optimiser";
  private static final String COUNTERS = "counters";
  private static final String FIXED = "fixed";
  private static final String BRICK = "brick";
  private static final long DROPPED = 4;
  private static final long ASCENDED = 5;

  private final GradientOptions options;
  private final LearnerContext context;
  private final Objective objective;
  private final Network network;
  private final @Nullable Brick brick;
  private final @Nullable Adjusting adjusting;
  private final TensorOwner frozen = new TensorOwner();
  private final Classes classes = new Classes();
  private final Layout layout;
  private @Nullable Descent descent;
  private @Nullable Trainer trainer;
  private @Nullable EpochOrder order;
  private int begun = -1;
  private int lastExperience = -1;
  private long memoryCharged;

  /** A learner that has learned nothing. */
  public GradientLearner(GradientOptions options, LearnerContext context, Objective objective) {
    if (context.exchange() != Exchange.ALONE && objective.notesRows()) {
      throw new UsageException("expected a technique whose batches can be shared out among replicas, got one that keeps"
          + " what single rows gave: use one learner, with as many threads as you like");
    }
    this.options = options;
    this.context = context;
    this.objective = objective;
    this.brick = context.backbone().sites().isEmpty() ? null : options.brick().on(context.backbone());
    this.adjusting = brick instanceof Adjusting changing ? changing : null;
    this.network = new Network(context.backbone(), context.cache(), context.workers(), brick, context.exchange());
    this.layout = new Layout(options, context, network, brick == null);
  }

  @Override
  public long steps(Experience experience) {
    return gradientSteps(experience) + objective.closingSteps(experience);
  }

  private long gradientSteps(Experience experience) {
    return options.epochs() * EpochOrder.steps(objective.rows(experience).size(), options.batch());
  }

  @Override
  public void step(Experience experience, long step) {
    if (step == 0) {
      grow(experience);
    }
    if (begun != experience.index()) {
      begun = experience.index();
      order = new EpochOrder(context.seed(), experience.index(), options.batch());
      register(experience);
      objective.begin(experience, this, step == 0);
    }
    if (step == 0) {
      chargeMemory(experience);
    }
    long gradientSteps = gradientSteps(experience);
    if (step < gradientSteps) {
      gradientStep(experience, step, gradientSteps);
    } else {
      objective.closingStep(experience, step - gradientSteps, this);
    }
    boolean last = step == steps(experience) - 1;
    if (last) {
      objective.end(experience, this);
    }
    if (last || step == gradientSteps) {
      chargeMemory(experience);
    }
  }

  @Override
  public List<Example> rows(Experience experience, long step) {
    return step < gradientSteps(experience)
        ? new EpochOrder(context.seed(), experience.index(), options.batch()).batch(objective.rows(experience), step)
        : List.of();
  }

  /** What is frozen is computed once for an input; nothing is where the backbone itself is trained. */
  private void register(Experience experience) {
    if (brick != null) {
      context.register(experience);
    }
  }

  private void grow(Experience experience) {
    classes.add(experience.classes());
    boolean reshaped = objective.reshapes(experience, this);
    if (layout.isEmpty() || objective.restarts()) {
      layout.start(experience, classes.size());
    } else if (reshaped) {
      layout.reshape(experience, classes.size());
    } else {
      layout.widen(experience, classes.size());
    }
    lastExperience = experience.index();
    take(Descent.of(options, parameters().size()));
  }

  private void chargeMemory(Experience experience) {
    long kept = objective.memoryBytes();
    if (kept > memoryCharged) {
      context.charge(experience, "memory", 0, kept - memoryCharged);
      memoryCharged = kept;
    }
  }

  /** Takes another descent, and a trainer, for the parameters as they are laid out now. */
  private void take(Descent other) {
    if (descent != null) {
      descent.close();
    }
    descent = other;
    if (trainer != null) {
      trainer.close();
    }
    trainer = new Trainer(network, layout.head(), parameters());
  }

  private void gradientStep(Experience experience, long step, long steps) {
    if (descent == null || order == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    List<Example> rows = order.batch(objective.rows(experience), step);
    int arrived = rows.size();
    rows.addAll(objective.replayed(experience, step));
    var batch = new Batch(experience, step, rows, arrived);
    var noise = CounterRandom.of(context.seed(), DROPPED, experience.index(), step);
    if (adjusting != null) {
      adjusting.beforeStep(step, steps);
    }
    Parameters parameters = parameters();
    Supplier<Tensor> atValues = () -> {
      Tensor gradient = objective.gradient(batch, this, () -> gradient(rows, noise, part -> {
        Tensor loss = objective.taskLoss(batch, part);
        Tensor onOutputs = objective.outputLoss(batch, part);
        return onOutputs == null ? loss : loss.add(onOutputs);
      }));
      objective.addWeightGradient(parameters.values(), gradient);
      if (adjusting != null) {
        adjusting.addGradient(parameters, gradient);
      }
      return gradient;
    };
    var uphill = CounterRandom.of(context.seed(), ASCENDED, experience.index(), step);
    Tensor gradient = descent.gradient(parameters.values(), step == 0, atValues, uphill);
    descent.step(parameters.values(), gradient, options.optimisation().rateAt(experience.index(), step, steps));
    Tensor kept = adjusting == null ? null : adjusting.afterStep(step, steps, parameters);
    if (kept != null) {
      descent.renew(kept);
    }
    descent.stepped(parameters.values(), step, steps);
    note(experience, step);
    objective.stepped(batch, this);
  }

  /** Writes down what the brick has changed of its own layout. */
  private void note(Experience experience, long step) {
    for (Adjusting.Move move : adjusting == null ? List.<Adjusting.Move>of() : adjusting.moves()) {
      context.ledger().place(new Placement(move.site(), move.rank(), move.parameters(), move.importance(),
          experience.index(), step, move.why()));
    }
  }

  /** The gradient of the mean of a loss; with noise, dropout is on. */
  private Tensor gradient(List<Example> batch, @Nullable CounterRandom noise, Objective.Loss loss) {
    if (trainer == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    return trainer.gradient(batch, noise, (features, logits, leaves, positions) -> {
      long[] labels = new long[positions.length];
      for (int i = 0; i < labels.length; i++) {
        labels[i] = classes.indexOf(batch.get(positions[i]).label());
      }
      var part = new Part(batch, positions, labels, features, logits, leaves);
      return loss.of(part).div(new Scalar((double) batch.size()));
    });
  }

  @Override
  public Tensor taskGradient(List<Example> batch) {
    return gradient(batch, part -> torch.cross_entropy_loss(
        part.logits(), part.targets(), new TensorOptional(), 2, -100, 0));
  }

  @Override
  public Tensor gradient(List<Example> batch, Objective.Loss loss) {
    return gradient(batch, null, loss);
  }

  @Override
  public Tensor logits(List<Example> examples) {
    return logitsOf(features(examples.stream().map(Example::input).toList()));
  }

  @Override
  public Tensor features(List<? extends Input> inputs) {
    return network.features(inputs, parameters());
  }

  @Override
  public Tensor logitsOf(Tensor features) {
    return layout.head().logits(features, layout.rows(classes.size()));
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    if (layout.isEmpty()) {
      return Tensors.zeros(inputs.size(), 0);
    }
    Tensor scores = objective.scores(inputs, this);
    return scores == null ? logitsOf(features(inputs)) : scores;
  }

  @Override
  public Parameters parameters() {
    return layout.parameters();
  }

  @Override
  public Classes classes() {
    return classes;
  }

  @Override
  public List<String> classNames() {
    return classes.names();
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    parts.add(LearnerState.origin(context.backbone(), lastExperience));
    parts.add(classes.state());
    parts.add(StatePart.of(PARAMETERS, Combine.WEIGHTED_MEAN, parameters().state()));
    if (brick != null && !brick.fixed().isEmpty()) {
      parts.add(StatePart.of(FIXED, Combine.LATEST, brick.fixed()));
    }
    Descent current = descent;
    if (current != null) {
      var kept = new HashMap<>(current.state());
      kept.put(COUNTERS, TensorData.of(new long[] {current.steps(), layout.restarts(), memoryCharged}, 3));
      parts.add(StatePart.of(OPTIMISER, Combine.LATEST, kept));
    }
    parts.addAll(objective.state());
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    lastExperience = LearnerState.requireOrigin(state, context.backbone());
    past.forEach(this::register);
    classes.restore(state);
    objective.restore(state, past);
    if (classes.size() > 0) {
      restoreParameters(LearnerState.part(state, PARAMETERS), LearnerState.part(state, OPTIMISER));
      if (brick != null && !brick.fixed().isEmpty()) {
        brick.restore(LearnerState.part(state, FIXED).tensors());
      }
    }
  }

  private void restoreParameters(StatePart values, StatePart kept) {
    long[] counters = kept.tensor(COUNTERS).longs();
    layout.restore(values, classes.size(), (int) counters[1]);
    try (TensorScope scope = TensorScope.inference()) {
      take(Descent.of(options, parameters().size(), kept, counters[0]));
    }
    memoryCharged = counters[2];
  }

  /** What is trained below the head. */
  public long brickParameters() {
    return layout.belowHead();
  }

  /** The network below the head, as it is; valid for as long as this learner is neither trained nor closed. */
  public FeatureCache.Frozen freeze() {
    Map<String, Tensor> views = parameters().views();
    views.values().forEach(frozen::keep);
    return new FeatureCache.Frozen(parameters().digest(),
        Adaptation.forEachPass(brick == null ? 0 : brick.lowestBlock(), () -> network.adaptation(views)));
  }

  @Override
  public Footprint footprint() {
    long size = parameters().size();
    return new Footprint(size, size * Float.BYTES, objective.memoryBytes());
  }

  @Override
  public List<BrickInfo> bricks() {
    if (layout.isEmpty()) {
      return List.of();
    }
    return List.of(brick(BRICK), new BrickInfo(
        "head", layout.head().kind(), parameters().size() - brickParameters(), List.of(), provenance().withParents(BRICK)));
  }

  /** The module below the head, under that name. */
  public BrickInfo brick(String name) {
    return brick == null
        ? new BrickInfo(name, "weights", brickParameters(), List.of(), provenance())
        : new BrickInfo(name, brick.kind(), brickParameters(), brick.sites().stream().map(Site::name).toList(),
            provenance());
  }

  @Override
  public Optional<SavedBrick> saved(String name) {
    if (brick == null || layout.isEmpty() || !name.equals(BRICK)) {
      return Optional.empty();
    }
    var tensors = new HashMap<String, TensorData>();
    parameters().state().forEach((tensor, data) -> tensors.put(
        tensor, TensorData.of(data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray())));
    tensors.remove(Trainer.HEAD);
    SavedBrick saved = SavedBrick.of(options.brick(), tensors, brick.fixed(),
        SavedBrick.Head.of(layout.head(), classes.names(), layout.rows(classes.size()), context.backbone().width()), provenance());
    return Optional.of(adjusting == null ? saved : adjusting.settled(saved));
  }

  private Provenance provenance() {
    return context.origin().learnedUpTo(lastExperience);
  }

  @Override
  public void close() {
    objective.close();
    if (trainer != null) {
      trainer.close();
    }
    if (descent != null) {
      descent.close();
    }
    frozen.close();
    layout.close();
  }
}
