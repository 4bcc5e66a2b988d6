package dev.perennial.learn;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Adjusting;
import dev.perennial.brick.Brick;
import dev.perennial.brick.GrowingHead;
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
  private static final String HEAD = Trainer.HEAD;
  private static final String FIXED = "fixed";
  private static final String BRICK = "brick";
  private static final long INITIAL = 1;
  private static final long NEW_ROWS = 3;
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
  private Parameters parameters = new Parameters();
  private @Nullable Optimiser optimiser;
  private @Nullable Ascent ascent;
  private @Nullable Averaging averaging;
  private @Nullable Trainer trainer;
  private @Nullable EpochOrder order;
  private int begun = -1;
  private int headRows;
  private int restarts;
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
    int added = options.head().rows(classes.size()) - headRows;
    boolean reshaped = objective.reshapes(experience, this);
    if (parameters.size() == 0 || objective.restarts()) {
      start(experience, added);
    } else if (reshaped) {
      reshape(experience, added);
    } else if (added > 0) {
      charge(experience, "head rows", (long) added * head().rowLength());
      parameters.addRows(HEAD, newRows(headRows, added));
    }
    headRows += added;
    lastExperience = experience.index();
    resetOptimiser(options.optimisation().of(parameters.size()));
  }

  /** Sets brick and head to their initial values. */
  private void start(Experience experience, int added) {
    var fresh = new Parameters();
    network.initialise(fresh, CounterRandom.of(context.seed(), INITIAL, restarts++));
    charge(experience, "brick", parameters.size() == 0 ? fresh.size() : 0);
    charge(experience, "head rows", (long) added * head().rowLength());
    fresh.add(HEAD, newRows(0, headRows + added), headRows + added, head().rowLength());
    parameters.close();
    parameters = fresh;
  }

  /** Lays brick and head out anew; what keeps its name and size keeps its values, as the head's old columns do. */
  private void reshape(Experience experience, int added) {
    var fresh = new Parameters();
    network.initialise(fresh, CounterRandom.of(context.seed(), INITIAL, restarts));
    charge(experience, "brick", Math.max(0, fresh.size() - brickParameters()));
    GrowingHead wider = head();
    long rowLength = parameters.rowLength(HEAD);
    int rows = headRows + added;
    charge(experience, "head rows", rows * (long) wider.rowLength() - headRows * rowLength);
    fresh.add(HEAD, newRows(0, rows), rows, wider.rowLength());
    Map<String, Tensor> old = parameters.views();
    fresh.views().forEach((name, view) -> {
      Tensor before = old.get(name);
      if (before != null && name.equals(HEAD)) {
        wider.takeOver(before, view.narrow(0, 0, headRows));
      } else if (before != null && before.numel() == view.numel()) {
        view.copy_(before);
      }
    });
    parameters.close();
    parameters = fresh;
  }

  /** The head for features of the width that the backbone has now. */
  private GrowingHead head() {
    return options.head().of(context.backbone().width(), brick == null);
  }

  private float[] newRows(int first, int count) {
    return head().newRows(first, count, CounterRandom.of(context.seed(), NEW_ROWS));
  }

  private void charge(Experience experience, String what, long numbers) {
    context.charge(experience, what, numbers, numbers * Float.BYTES);
  }

  private void chargeMemory(Experience experience) {
    long kept = objective.memoryBytes();
    if (kept > memoryCharged) {
      context.charge(experience, "memory", 0, kept - memoryCharged);
      memoryCharged = kept;
    }
  }

  /** Takes another optimiser, and an ascent, a mean and a trainer for the parameters as they are laid out now. */
  private void resetOptimiser(Optimiser other) {
    if (optimiser != null) {
      optimiser.close();
    }
    if (ascent != null) {
      ascent.close();
    }
    if (averaging != null) {
      averaging.close();
    }
    ascent = new Ascent(options.ascent(), parameters.size());
    averaging = new Averaging(options.average(), parameters.size());
    if (trainer != null) {
      trainer.close();
    }
    optimiser = other;
    trainer = new Trainer(network, head(), parameters);
  }

  private void gradientStep(Experience experience, long step, long steps) {
    if (optimiser == null || ascent == null || averaging == null || order == null) {
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
    Tensor gradient = ascent.gradient(parameters.values(), step == 0, atValues, uphill);
    optimiser.step(parameters.values(), gradient, options.optimisation().rateAt(experience.index(), step, steps));
    Tensor kept = adjusting == null ? null : adjusting.afterStep(step, steps, parameters);
    if (kept != null) {
      optimiser.renew(kept);
    }
    averaging.stepped(parameters.values(), step, steps);
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
    return network.features(inputs, parameters);
  }

  @Override
  public Tensor logitsOf(Tensor features) {
    return head().logits(features, parameters.view(parameters.values(), HEAD).narrow(0, 0, classes.size()));
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    if (parameters.size() == 0) {
      return Tensors.zeros(inputs.size(), 0);
    }
    Tensor scores = objective.scores(inputs, this);
    return scores == null ? logitsOf(features(inputs)) : scores;
  }

  @Override
  public Parameters parameters() {
    return parameters;
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
    parts.add(StatePart.of(PARAMETERS, Combine.WEIGHTED_MEAN, parameters.state()));
    if (brick != null && !brick.fixed().isEmpty()) {
      parts.add(StatePart.of(FIXED, Combine.LATEST, brick.fixed()));
    }
    Optimiser current = optimiser;
    if (current != null) {
      var kept = new HashMap<>(current.state());
      kept.put(COUNTERS, TensorData.of(new long[] {current.steps(), restarts, memoryCharged}, 3));
      if (ascent != null) {
        kept.putAll(ascent.state());
      }
      if (averaging != null) {
        kept.putAll(averaging.state());
      }
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
    network.initialise(parameters, CounterRandom.of(context.seed(), INITIAL, 0));
    headRows = options.head().rows(classes.size());
    parameters.add(HEAD, newRows(0, headRows), headRows, head().rowLength());
    parameters.restore(values.tensors());
    try (TensorScope scope = TensorScope.inference()) {
      long[] counters = kept.tensor(COUNTERS).longs();
      resetOptimiser(options.optimisation().of(parameters.size(), kept, counters[0]));
      if (ascent != null) {
        ascent.restore(kept.tensors());
      }
      if (averaging != null) {
        averaging.restore(kept.tensors());
      }
      restarts = (int) counters[1];
      memoryCharged = counters[2];
    }
  }

  /** What is trained below the head. */
  public long brickParameters() {
    return parameters.size() == 0 ? 0 : parameters.size() - parameters.rows(HEAD) * parameters.rowLength(HEAD);
  }

  /** The network below the head, as it is; valid for as long as this learner is neither trained nor closed. */
  public FeatureCache.Frozen freeze() {
    Map<String, Tensor> views = parameters.views();
    views.values().forEach(frozen::keep);
    return new FeatureCache.Frozen(parameters.digest(),
        Adaptation.forEachPass(brick == null ? 0 : brick.lowestBlock(), () -> network.adaptation(views)));
  }

  @Override
  public Footprint footprint() {
    return new Footprint(parameters.size(), parameters.size() * Float.BYTES, objective.memoryBytes());
  }

  @Override
  public List<BrickInfo> bricks() {
    if (parameters.size() == 0) {
      return List.of();
    }
    return List.of(brick(BRICK), new BrickInfo(
        "head", head().kind(), parameters.size() - brickParameters(), List.of(), provenance().withParents(BRICK)));
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
    if (brick == null || parameters.size() == 0 || !name.equals(BRICK)) {
      return Optional.empty();
    }
    var tensors = new HashMap<String, TensorData>();
    parameters.state().forEach((tensor, data) -> tensors.put(
        tensor, TensorData.of(data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray())));
    tensors.remove(HEAD);
    Tensor rows = parameters.view(parameters.values(), HEAD).narrow(0, 0, classes.size());
    SavedBrick saved = SavedBrick.of(options.brick(), tensors, brick.fixed(),
        SavedBrick.Head.of(head(), classes.names(), rows, context.backbone().width()), provenance());
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
    if (optimiser != null) {
      optimiser.close();
    }
    if (ascent != null) {
      ascent.close();
    }
    if (averaging != null) {
      averaging.close();
    }
    frozen.close();
    parameters.close();
  }
}
