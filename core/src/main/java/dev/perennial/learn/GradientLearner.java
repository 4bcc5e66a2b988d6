package dev.perennial.learn;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Lora;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A learner that minimises an {@link Objective} by AdamW: one LoRA brick, or the backbone's own weights where it is not
 * frozen, and a linear head that grows with the classes.
 *
 * <p>A step is one batch. The order of the rows is drawn anew for each epoch. New classes' rows of the head start at 0.
 */
public final class GradientLearner implements Learner, Objective.Model {

  private static final String PARAMETERS = "parameters";
  private static final String OPTIMISER = "optimiser";
  private static final String HEAD = "head.weight";
  private static final long INITIAL = 1;
  private static final long ORDER = 2;

  private final GradientOptions options;
  private final LearnerContext context;
  private final Objective objective;
  private final Network network;
  private final @Nullable Lora lora;
  private final Classes classes = new Classes();
  private Parameters parameters = new Parameters();
  private @Nullable AdamW optimiser;
  private @Nullable Trainer trainer;
  private int begun = -1;
  private int restarts;
  private int epochOfOrder = -1;
  private int[] order = new int[0];
  private int lastExperience = -1;
  private final TensorOwner frozen = new TensorOwner();

  /** A learner that has learned nothing. */
  public GradientLearner(GradientOptions options, LearnerContext context, Objective objective) {
    this.options = options;
    this.context = context;
    this.objective = objective;
    this.lora = context.backbone().sites().isEmpty() ? null : new Lora(options.lora(), context.backbone());
    this.network = new Network(context.backbone(), context.cache(), context.workers(), lora);
  }

  @Override
  public long steps(Experience experience) {
    return gradientSteps(experience) + objective.closingSteps(experience);
  }

  private long gradientSteps(Experience experience) {
    return options.epochs() * batches(objective.rows(experience).size());
  }

  private long batches(int rows) {
    return Math.ceilDiv(rows, options.batch());
  }

  @Override
  public void step(Experience experience, long step) {
    if (step == 0) {
      grow(experience);
    }
    if (begun != experience.index()) {
      begun = experience.index();
      epochOfOrder = -1;
      objective.begin(experience, this, step == 0);
    }
    long gradientSteps = gradientSteps(experience);
    if (step < gradientSteps) {
      gradientStep(experience, step, gradientSteps);
    } else {
      objective.closingStep(experience, step - gradientSteps, this);
    }
    if (step == steps(experience) - 1) {
      objective.end(experience, this);
    }
  }

  private void grow(Experience experience) {
    int added = classes.add(experience.classes());
    long width = network.width() + 1L;
    if (parameters.size() == 0 || objective.restarts()) {
      boolean first = parameters.size() == 0;
      parameters.close();
      parameters = new Parameters();
      network.initialise(parameters, CounterRandom.of(context.seed(), INITIAL, objective.restarts() ? restarts++ : 0));
      long brick = parameters.size();
      parameters.add(HEAD, new float[Math.toIntExact(classes.size() * width)], classes.size(), width);
      charge(experience, first ? "brick" : "", first ? brick : 0);
      charge(experience, "head rows", added * width);
    } else if (added > 0) {
      charge(experience, "head rows", added * width);
      parameters.addRows(HEAD, new float[Math.toIntExact(added * width)]);
    }
    lastExperience = experience.index();
    if (optimiser != null) {
      optimiser.close();
    }
    optimiser = new AdamW(parameters.size(), options.decay());
    replaceTrainer();
  }

  private void charge(Experience experience, String what, long numbers) {
    if (numbers > 0) {
      context.ledger().charge(
          new Ledger.Entry(what, Resource.PARAMETERS, numbers, experience.index()),
          new Ledger.Entry(what, Resource.BYTES, numbers * Float.BYTES, experience.index()));
    }
  }

  private void replaceTrainer() {
    if (trainer != null) {
      trainer.close();
    }
    trainer = new Trainer(network, parameters);
  }

  private void gradientStep(Experience experience, long step, long steps) {
    List<Example> rows = objective.rows(experience);
    long batches = batches(rows.size());
    int epoch = (int) (step / batches);
    if (epoch != epochOfOrder) {
      order = CounterRandom.of(context.seed(), ORDER, experience.index(), epoch).permutation(rows.size());
      epochOfOrder = epoch;
    }
    var batch = new ArrayList<Example>();
    int start = (int) (step % batches) * options.batch();
    for (int i = start; i < Math.min(start + options.batch(), rows.size()); i++) {
      batch.add(rows.get(order[i]));
    }
    batch.addAll(objective.replayed(experience, step));
    Tensor gradient = gradient(batch, true);
    objective.addWeightGradient(parameters.values(), gradient);
    if (optimiser == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    optimiser.step(parameters.values(), gradient, options.rateAt(step, steps));
  }

  private Tensor gradient(List<Example> batch, boolean withOutputLoss) {
    if (trainer == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    return trainer.gradient(batch, (features, leaves, rows) -> {
      List<Example> mine = new ArrayList<>();
      for (int row : rows) {
        mine.add(batch.get(row));
      }
      Tensor logits = logits(features, leaves);
      long[] labels = classes.indicesOf(mine);
      Tensor loss = torch.cross_entropy_loss(
          logits, Tensors.longs(labels, labels.length), new TensorOptional(), 2, -100, 0);
      Tensor onOutputs = withOutputLoss ? objective.outputLoss(mine, logits) : null;
      return (onOutputs == null ? loss : loss.add(onOutputs)).div(new Scalar((double) batch.size()));
    });
  }

  private Tensor logits(Tensor features, Map<String, Tensor> tensors) {
    Tensor head = tensors.get(HEAD);
    if (head == null) {
      throw new IllegalStateException("the head is a parameter");
    }
    int width = network.width();
    return torch.linear(features, head.narrow(1, 0, width), new TensorOptional(head.select(1, width)));
  }

  @Override
  public Tensor taskGradient(List<Example> batch) {
    return gradient(batch, false);
  }

  @Override
  public Tensor logits(List<Example> examples) {
    return scores(examples.stream().map(Example::input).toList());
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    return logits(network.features(inputs, parameters), parameters.views());
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
    parts.add(classes.state());
    parts.add(StatePart.of(PARAMETERS, Combine.WEIGHTED_MEAN, parameters.state()));
    AdamW moments = optimiser;
    if (moments != null) {
      parts.add(StatePart.of(OPTIMISER, Combine.LATEST, Map.of(
          "mean", Tensors.view(moments.mean()),
          "square", Tensors.view(moments.square()),
          "counters", TensorData.of(new long[] {moments.steps(), restarts, lastExperience}, 3))));
    }
    parts.addAll(objective.state());
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    classes.restore(state);
    StatePart values = LearnerState.part(state, PARAMETERS);
    StatePart moments = LearnerState.part(state, OPTIMISER);
    network.initialise(parameters, CounterRandom.of(context.seed(), INITIAL, 0));
    long width = network.width() + 1L;
    parameters.add(HEAD, new float[Math.toIntExact(classes.size() * width)], classes.size(), width);
    parameters.restore(values.tensors());
    try (TensorScope scope = TensorScope.inference()) {
      long[] counters = LearnerState.tensor(moments, "counters").longs();
      optimiser = new AdamW(options.decay(), Tensors.copyOf(LearnerState.tensor(moments, "mean")),
          Tensors.copyOf(LearnerState.tensor(moments, "square")), counters[0]);
      restarts = (int) counters[1];
      lastExperience = (int) counters[2];
    }
    replaceTrainer();
    objective.restore(state, past);
  }

  /** What is trained below the head. */
  public long brickParameters() {
    return parameters.size() == 0 ? 0 : parameters.size() - parameters.rows(HEAD) * (network.width() + 1L);
  }

  /** The network below the head, as it is; valid for as long as this learner is neither trained nor closed. */
  public FeatureCache.Frozen freeze(String name) {
    Map<String, Tensor> views = parameters.views();
    views.values().forEach(frozen::keep);
    return new FeatureCache.Frozen(name, network.adaptation(views));
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
    String learnedOn = lastExperience == 0 ? "0" : "0-" + lastExperience;
    return List.of(
        new BrickInfo("brick", lora == null ? "weights" : "lora", brickParameters(), learnedOn),
        new BrickInfo("head", "linear-head", parameters.size() - brickParameters(), learnedOn));
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
    frozen.close();
    parameters.close();
  }
}
