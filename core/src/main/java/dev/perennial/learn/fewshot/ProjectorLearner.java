package dev.perennial.learn.fewshot;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.ClassMeans;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Classes;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.LongPredicate;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** Learns by {@link SsmProjector}: first the network, then the mean sequences, then a branch of the projector. */
final class ProjectorLearner implements Learner {

  /** Rows that are taken into the means, or scored, at once. */
  private static final int ROWS = 512;

  private static final String ADAPTER = "adapter";
  private static final String MEANS = "means";
  private static final String FIRST = "first";
  private static final String COUNTS = "counts";

  private final SsmProjector.Options options;
  private final LearnerContext context;
  private final @Nullable GradientLearner adapter;
  private final Classes classes = new Classes();
  private final int places;
  private final ClassMeans means;
  private final Projector projector;
  private FeatureCache.@Nullable Frozen frozen;
  private @Nullable EpochOrder order;
  private @Nullable PseudoClasses pseudo;
  private float[] pseudoMeans = new float[0];
  private int begun = -1;
  private int firstClasses;
  private int lastExperience = -1;

  ProjectorLearner(SsmProjector.Options options, LearnerContext context) {
    this.options = options;
    this.context = context;
    this.adapter =
        options.adapt() ? new GradientLearner(options.training(), context, new Objective() {}) : null;
    this.places = Math.min(options.projector().levels(), context.backbone().blocks());
    this.means = new ClassMeans((long) places * context.backbone().width());
    this.projector = new Projector(options.projector(), places, context.backbone().width(), context.seed());
  }

  private static boolean first(Experience experience) {
    return experience.index() == 0;
  }

  private long adaptingSteps(Experience experience) {
    return adapter != null && first(experience) ? adapter.steps(experience) : 0;
  }

  private static long meanSteps(Experience experience) {
    return EpochOrder.steps(experience.train().size(), ROWS);
  }

  private long projectingSteps(Experience experience) {
    int epochs = first(experience) ? options.baseEpochs() : options.newEpochs();
    return epochs * EpochOrder.steps(experience.train().size(), options.training().batch());
  }

  @Override
  public long steps(Experience experience) {
    return adaptingSteps(experience) + meanSteps(experience) + projectingSteps(experience);
  }

  @Override
  public void step(Experience experience, long step) {
    long own = step - adaptingSteps(experience);
    if (own < 0 && adapter != null) {
      adapter.step(experience, step);
      return;
    }
    if (own == 0) {
      grow(experience);
    }
    if (begun != experience.index()) {
      begun = experience.index();
      order = new EpochOrder(context.seed(), experience.index(), options.training().batch());
      context.register(experience);
      pseudo = new PseudoClasses(experience, pseudoClasses(experience), context.seed());
      context.cache().register(pseudo.inputs());
    }
    if (own < meanSteps(experience)) {
      int start = Math.toIntExact(own * ROWS);
      List<Example> rows = experience.train().subList(start, Math.min(start + ROWS, experience.train().size()));
      means.add(flat(inputs(rows)), classes.indicesOf(rows));
    } else {
      project(experience, own - meanSteps(experience));
    }
  }

  private void grow(Experience experience) {
    int before = classes.size();
    classes.add(experience.classes());
    if (options.classifier() == SsmProjector.Classifier.SIMPLEX && classes.size() > means.width() + 1) {
      throw new UsageException("expected at most " + (means.width() + 1) + " classes, one more than " + places
          + " blocks of " + context.backbone().name() + " have features, got " + classes.size()
          + ": give --option classifier=means");
    }
    firstClasses = first(experience) ? classes.size() : firstClasses;
    long numbers = projector.begin(first(experience));
    context.charge(experience, "branch", numbers, numbers * Float.BYTES);
    long added = (classes.size() - before) * (means.width() + 1) * Double.BYTES;
    context.charge(experience, "class means", 0, added);
    means.grow(classes.size());
    lastExperience = experience.index();
  }

  /**
   * A step of the branch: on a batch of rows, and as many of pseudo-classes in the first experience, the mean sequences
   * of the classes known before in later ones.
   */
  private void project(Experience experience, long step) {
    if (order == null || pseudo == null) {
      throw new IllegalStateException("step 0 of an experience comes first");
    }
    List<Example> batch = order.batch(experience.train(), step);
    Tensor rows = flat(inputs(batch));
    long[] labels = classes.indicesOf(batch);
    Tensor kept = means.means();
    int[] drawn = pseudo.drawn(step, batch.size());
    if (drawn.length > 0) {
      rows = Tensors.concat(0, rows, flat(Arrays.stream(drawn).mapToObj(pseudo::row).map(Example::input).toList()));
      labels = joined(labels, Arrays.stream(drawn).mapToLong(place -> classes.size() + PseudoClasses.number(place)));
      kept = Tensors.concat(0, kept, pseudoMeans(pseudo));
    } else if (!first(experience)) {
      int known = classes.size() - experience.classes().size();
      rows = Tensors.concat(0, rows, kept.narrow(0, 0, known));
      labels = joined(labels, LongStream.range(0, known));
    }
    Tensor sequences = rows;
    long[] targets = labels;
    Tensor prototypes = kept;
    projector.step(
        first(experience), step, projectingSteps(experience), pass -> loss(pass, sequences, targets, prototypes));
  }

  private static long[] joined(long[] labels, LongStream more) {
    return LongStream.concat(Arrays.stream(labels), more).toArray();
  }

  /** How many pseudo-classes an experience has: on a simplex no more than there are vertices left. */
  private int pseudoClasses(Experience experience) {
    if (!first(experience)) {
      return 0;
    }
    return options.classifier() == SsmProjector.Classifier.SIMPLEX
        ? (int) Math.min(options.pseudoClasses(), means.width() + 1 - classes.size())
        : options.pseudoClasses();
  }

  /** The mean sequences of pseudo-classes, {@code [pseudo-classes, places * width]}. */
  private Tensor pseudoMeans(PseudoClasses of) {
    int numbers = Math.toIntExact(means.width());
    if (pseudoMeans.length == 0) {
      List<Input> inputs = of.inputs();
      var parts = new ArrayList<Tensor>();
      for (int start = 0; start < inputs.size(); start += PseudoClasses.ROWS) {
        parts.add(flat(inputs.subList(start, start + PseudoClasses.ROWS)).mean(new long[] {0}).unsqueeze(0));
      }
      pseudoMeans = Tensors.toFloats(Tensors.concat(0, parts.toArray(new Tensor[0])));
    }
    return Tensors.floats(pseudoMeans, pseudoMeans.length / numbers, numbers);
  }

  private Tensor loss(Projector.Pass pass, Tensor sequences, long[] labels, Tensor kept) {
    Projector.Projected projected = pass.of(sequences);
    boolean simplex = options.classifier() == SsmProjector.Classifier.SIMPLEX;
    Tensor cosines = cosines(projected.z(), simplex ? vertices(kept.size(0)) : pass.of(kept).z());
    Tensor loss = simplex
        ? ProjectorLoss.dotRegression(cosines, labels)
        : ProjectorLoss.crossEntropy(cosines, labels, options.temperature());
    SelectiveBranch.Scanned scanned = projected.incremental();
    if (scanned == null) {
      return loss;
    }
    long[] old = places(labels, label -> label < firstClasses);
    long[] fresh = places(labels, label -> label >= firstClasses);
    if (old.length > 0) {
      loss = loss.add(ProjectorLoss.loudness(Tensors.rows(scanned.output(), old)).mul(new Scalar(options.suppress())));
    }
    if (fresh.length > 0) {
      loss = loss.sub(ProjectorLoss.loudness(Tensors.rows(scanned.output(), fresh)).mul(new Scalar(options.express())));
    }
    return old.length > 0 && fresh.length > 0
        ? loss.add(ProjectorLoss.likeness(scanned, old, fresh).mul(new Scalar(options.separate())))
        : loss;
  }

  private static long[] places(long[] labels, LongPredicate wanted) {
    return LongStream.range(0, labels.length).filter(row -> wanted.test(labels[(int) row])).toArray();
  }

  private Tensor vertices(long count) {
    int width = (int) means.width();
    return Tensors.floats(Simplex.vertices((int) count, width), count, width);
  }

  private static Tensor cosines(Tensor projections, Tensor prototypes) {
    return torch.mm(torch.normalize(projections), torch.normalize(prototypes).t());
  }

  /** The sequences of inputs, {@code [inputs, places * width]}. */
  private Tensor flat(List<? extends Input> inputs) {
    return context.cache().features(inputs, network(), places);
  }

  private static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  /** The network, once its training is over. */
  private FeatureCache.Frozen network() {
    FeatureCache.Frozen network = frozen;
    if (network == null) {
      network = adapter != null ? adapter.freeze() : FeatureCache.Frozen.BACKBONE;
      frozen = network;
    }
    return network;
  }

  @Override
  public List<String> classNames() {
    return classes.names();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    // While the network is still being adapted, no class is known, and nothing may be frozen.
    if (classes.size() == 0 || inputs.isEmpty()) {
      return Tensors.zeros(inputs.size(), classes.size());
    }
    Tensor prototypes = options.classifier() == SsmProjector.Classifier.SIMPLEX
        ? vertices(classes.size())
        : projector.project(means.means()).z();
    var scores = new ArrayList<Tensor>();
    for (int start = 0; start < inputs.size(); start += ROWS) {
      Tensor sequences = flat(inputs.subList(start, Math.min(start + ROWS, inputs.size())));
      scores.add(cosines(projector.project(sequences).z(), prototypes).div(new Scalar(options.temperature())));
    }
    return Tensors.concat(0, scores.toArray(new Tensor[0]));
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    parts.add(LearnerState.origin(context.backbone(), lastExperience));
    parts.add(classes.state());
    parts.add(StatePart.of(MEANS, Combine.SUM, means.state()));
    parts.add(StatePart.of(
        FIRST, Combine.LATEST, Map.of(COUNTS, TensorData.of(new long[] {firstClasses}, 1))));
    parts.addAll(projector.state());
    if (adapter != null) {
      parts.addAll(LearnerState.prefixed(ADAPTER + "/", adapter.state()));
    }
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    lastExperience = LearnerState.requireOrigin(state, context.backbone());
    past.forEach(context::register);
    classes.restore(state);
    means.restore(LearnerState.part(state, MEANS));
    firstClasses = (int) LearnerState.part(state, FIRST).tensor(COUNTS).longs()[0];
    projector.restore(state);
    if (adapter != null) {
      adapter.restore(LearnerState.under(ADAPTER + "/", state), past);
    }
  }

  @Override
  public Footprint footprint() {
    long numbers = (adapter == null ? 0 : adapter.brickParameters()) + projector.numbers();
    return new Footprint(numbers, numbers * Float.BYTES, means.bytes());
  }

  @Override
  public List<BrickInfo> bricks() {
    var bricks = new ArrayList<BrickInfo>();
    if (adapter != null && adapter.brickParameters() > 0) {
      bricks.add(adapter.brick(ADAPTER));
    }
    if (projector.numbers() > 0) {
      bricks.add(new BrickInfo("projector", "selective-projector", projector.numbers(), List.of(),
          context.origin().learnedUpTo(lastExperience)));
    }
    return bricks;
  }

  @Override
  public void close() {
    if (adapter != null) {
      adapter.close();
    }
    projector.close();
    means.close();
  }
}
