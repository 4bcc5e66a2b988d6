package dev.perennial.learn.fewshot;

import dev.perennial.brick.ClassMeans;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.replay.PrototypeLoss;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * With unit features z, head rows w_c of length 1 (fixed vertices of a simplex where prototypes=simplex), targets y
 * that are classes and, for mixed rows, pseudo-classes on the outputs that no class has yet:
 *   experience 0    L = CE(w·z / t, y) + contrast SupCon(z, view of z, y)
 *   its first passes, with pretraining: L = SupCon(z, view of z, number of the row)
 *   later           L = CE(m·z / t, y), with m_c the unit mean of class c, of new classes as the network is now;
 *                   after each step  w <- w0 + s (1 - hold) (w - w0)
 * where w0 are the weights before the experience, and s is 1 for the share of them that is nearest to 0 and else 0.
 * After each experience the means of its classes are taken, and they alone classify.
 */
/** What {@link BagOfTricks} minimises. */
final class Tricks implements Objective {

  private static final int ROWS = 512;
  private static final long VIEW = 80;
  private static final String HEAD = "head.weight";
  private static final String MEANS = "means";
  private static final String SUBNET = "subnet";
  private static final String BEFORE = "before";

  private final BagOfTricks.Options options;
  private final LearnerContext context;
  private final ClassMeans means;
  private final TensorOwner owner = new TensorOwner();
  private @Nullable PseudoClasses pseudo;
  private int[] drawn = new int[0];
  private @Nullable Tensor prototypes;
  private @Nullable Tensor before;
  private @Nullable Tensor subnet;
  private long headNumbers;

  Tricks(BagOfTricks.Options options, LearnerContext context) {
    this.options = options;
    this.context = context;
    this.means = new ClassMeans(context.backbone().width());
  }

  private static boolean first(Experience experience) {
    return experience.index() == 0;
  }

  @Override
  public List<Example> rows(Experience experience) {
    return first(experience) || options.subnet() > 0 ? experience.train() : List.of();
  }

  @Override
  public void begin(Experience experience, Model model, boolean fresh) {
    headNumbers = model.parameters().view(model.parameters().values(), HEAD).numel();
    if (first(experience)) {
      int reserved = (int) model.parameters().rows(HEAD) - model.classes().size();
      int made = options.pseudo() > 0 ? reserved : 0;
      var classes = new PseudoClasses(experience, made, context.seed());
      context.cache().register(classes.inputs());
      pseudo = classes;
    } else if (fresh) {
      means.grow(model.classes().size());
      if (options.subnet() > 0) {
        start(model.parameters());
      }
    }
    if (fresh && options.prototypes() == BagOfTricks.Prototypes.SIMPLEX) {
      reserve(model.parameters());
    }
  }

  /** Sets the rows of the head to vertices, as many as there are; further ones stay as they were drawn. */
  private void reserve(Parameters parameters) {
    Tensor rows = parameters.view(parameters.values(), HEAD);
    int width = (int) rows.size(1);
    int count = (int) Math.min(rows.size(0), width + 1);
    rows.narrow(0, 0, count).copy_(Tensors.floats(Simplex.vertices(count, width), count, width));
  }

  /** Remembers the weights, and which of them may move. */
  private void start(Parameters parameters) {
    before = owner.keep(parameters.values().clone());
    subnet = owner.keep(smallest(parameters.values(), parameters.size() - headNumbers, options.subnet()));
  }

  /** 1 for the share of the first {@code below} weights that is nearest to 0, else 0. */
  static Tensor smallest(Tensor values, long below, double share) {
    Tensor mask = Tensors.zeros(values.numel());
    long count = Math.round(share * below);
    if (count > 0) {
      Tensor sizes = values.narrow(0, 0, below).abs();
      mask.narrow(0, 0, below).copy_(sizes.le(torch.kthvalue(sizes, count).get0()));
    }
    return mask;
  }

  @Override
  public List<Example> replayed(Experience experience, long step) {
    PseudoClasses classes = pseudo;
    if (!first(experience) || classes == null || pretrains(experience, step)) {
      drawn = new int[0];
      return List.of();
    }
    drawn = classes.drawn(step, (int) Math.round(options.pseudo() * options.training().batch()));
    return Arrays.stream(drawn).mapToObj(classes::row).toList();
  }

  private boolean pretrains(Experience experience, long step) {
    return step < options.pretraining() * EpochOrder.steps(experience.train().size(), options.training().batch());
  }

  @Override
  public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
    if (!first(batch.experience())) {
      List<Example> rows = batch.experience().train();
      Tensor features = torch.normalize(model.features(inputs(rows)));
      prototypes = torch.normalize(means.meansWith(features, model.classes().indicesOf(rows)));
    }
    return atValues.get();
  }

  @Override
  public Tensor taskLoss(Batch batch, Part part) {
    double temperature = options.training().head().headTemperature();
    if (!first(batch.experience())) {
      return crossEntropy(cosines(part.features()).div(new Scalar(temperature)), part.labels());
    }
    return pretrains(batch.experience(), batch.step())
        ? contrast(batch, part, Arrays.stream(part.positions()).asLongStream().toArray())
        : crossEntropy(part.logits(), targets(batch, part));
  }

  private static Tensor crossEntropy(Tensor logits, long[] targets) {
    return torch.cross_entropy_loss(
        logits, Tensors.longs(targets, targets.length), new TensorOptional(), 2, -100, 0);
  }

  /** The classes of a part's rows, and the outputs of its pseudo-classes, which come after those of the classes. */
  private long[] targets(Batch batch, Part part) {
    int classes = batch.experience().classes().size();
    long[] targets = part.labels().clone();
    for (int i = 0; i < targets.length; i++) {
      int place = part.positions()[i] - batch.arrived();
      if (place >= 0) {
        targets[i] = classes + PseudoClasses.number(drawn[place]);
      }
    }
    return targets;
  }

  private Tensor cosines(Tensor features) {
    Tensor rows = prototypes;
    if (rows == null) {
      throw new IllegalStateException("the gradient is asked for first");
    }
    return torch.mm(torch.normalize(features), rows.t());
  }

  @Override
  public @Nullable Tensor outputLoss(Batch batch, Part part) {
    if (options.contrast() == 0 || !first(batch.experience()) || pretrains(batch.experience(), batch.step())) {
      return null;
    }
    return contrast(batch, part, targets(batch, part)).mul(new Scalar(options.contrast()));
  }

  /** The contrast of a part's rows, times their number, so that parts weigh as much as they have rows. */
  private Tensor contrast(Batch batch, Part part, long[] labels) {
    Tensor unit = torch.normalize(part.features());
    Tensor view = torch.normalize(part.features().mul(mask(batch, part)));
    return PrototypeLoss.contrast(unit, view, labels, options.contrastTemperature())
        .mul(new Scalar((double) labels.length));
  }

  /** 0 where the second view is without a feature, else 1. */
  private Tensor mask(Batch batch, Part part) {
    int width = (int) part.features().size(1);
    int rows = part.positions().length;
    float[] mask = new float[rows * width];
    for (int i = 0; i < rows; i++) {
      var random =
          CounterRandom.of(context.seed(), VIEW, batch.experience().index(), batch.step(), part.positions()[i]);
      for (int f = 0; f < width; f++) {
        mask[i * width + f] = random.uniform(f) < options.leftOut() ? 0 : 1;
      }
    }
    return Tensors.floats(mask, rows, width);
  }

  @Override
  public void stepped(Batch batch, Model model) {
    Tensor start = before;
    Tensor moving = subnet;
    if (start != null && moving != null) {
      Tensor values = model.parameters().values();
      Tensor moved = values.sub(start).mul_(moving).mul_(new Scalar(1 - options.hold()));
      values.copy_(moved.add_(start));
    }
  }

  @Override
  public void addWeightGradient(Tensor values, Tensor gradient) {
    Tensor moving = subnet;
    if (moving != null) {
      gradient.mul_(moving);
    } else if (options.prototypes() == BagOfTricks.Prototypes.SIMPLEX) {
      gradient.narrow(0, gradient.numel() - headNumbers, headNumbers).zero_();
    }
  }

  @Override
  public long closingSteps(Experience experience) {
    return Math.ceilDiv(experience.train().size(), ROWS);
  }

  @Override
  public void closingStep(Experience experience, long step, Model model) {
    if (step == 0) {
      finish();
      means.grow(model.classes().size());
    }
    int start = Math.toIntExact(step * ROWS);
    List<Example> rows = experience.train().subList(start, Math.min(start + ROWS, experience.train().size()));
    means.add(torch.normalize(model.features(inputs(rows))), model.classes().indicesOf(rows));
  }

  /** Forgets what only the training of an experience needs. */
  private void finish() {
    if (before != null && subnet != null) {
      owner.release(before);
      owner.release(subnet);
    }
    before = null;
    subnet = null;
    prototypes = null;
    pseudo = null;
  }

  private static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  @Override
  public @Nullable Tensor scores(List<? extends Input> inputs, Model model) {
    if (means.classes() == 0) {
      return null;
    }
    Tensor cosines = torch.mm(torch.normalize(model.features(inputs)), torch.normalize(means.means()).t());
    return cosines.div(new Scalar(options.training().head().headTemperature()));
  }

  @Override
  public List<StatePart> state() {
    Tensor start = before;
    Tensor moving = subnet;
    return List.of(
        StatePart.of(MEANS, Combine.SUM, means.state()),
        StatePart.of(SUBNET, Combine.LATEST, start == null || moving == null
            ? Map.of()
            : Map.of(BEFORE, Tensors.view(start), SUBNET, Tensors.view(moving))));
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    means.restore(LearnerState.part(state, MEANS));
    StatePart kept = LearnerState.part(state, SUBNET);
    if (!kept.tensors().isEmpty()) {
      try (TensorScope scope = TensorScope.inference()) {
        before = owner.keep(Tensors.copyOf(kept.tensor(BEFORE)));
        subnet = owner.keep(Tensors.copyOf(kept.tensor(SUBNET)));
      }
    }
  }

  /** The classes' means, and while an experience is tuned on, the weights before it and which of them may move. */
  @Override
  public long memoryBytes() {
    return means.bytes() + owner.bytes();
  }

  @Override
  public void close() {
    means.close();
    owner.close();
  }
}
