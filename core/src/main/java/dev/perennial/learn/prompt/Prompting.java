package dev.perennial.learn.prompt;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** The objective of techniques whose prompts are chosen, or mixed, by the rows' queries. */
abstract class Prompting implements Objective, PromptedBackbone.Prompts {

  private static final String PART = "prompts";
  private static final String TASKS = "tasks";
  private static final long DRAWN = 81;
  /** Deviation of initial values: about that of the words' embeddings of small encoders. */
  private static final double DEVIATION = 0.02;

  private final String technique;
  private final PromptTraining training;
  private final LearnerContext context;
  private final TensorOwner owner = new TensorOwner();
  /** Rows of former tasks, by the names of the tensors that they are in. */
  private final Map<String, Tensor> held = new TreeMap<>();
  private float[] queries = new float[0];
  private int[] own = new int[0];
  private int tasks;

  Prompting(String technique, PromptTraining training, LearnerContext context) {
    this.technique = technique;
    this.training = training;
    this.context = context;
  }

  /**
   * Names of the tensors whose rows belong to tasks, equally many to each, in the order of the tasks: every experience
   * adds rows, and those of former ones must not change.
   */
  abstract List<String> growing();

  /**
   * The encoder with these prompts.
   *
   * @throws dev.perennial.UsageException if the backbone takes no virtual tokens
   */
  PromptedBackbone on(LearnerContext encoder) {
    return new PromptedBackbone(technique, encoder, this);
  }

  /** A learner by this objective. */
  final GradientLearner learner() {
    return new GradientLearner(training.training(), on(context).context(), this);
  }

  /** Experiences begun. */
  final int tasks() {
    return tasks;
  }

  final int width() {
    return context.backbone().width();
  }

  final int blocks() {
    return context.backbone().blocks();
  }

  /** Normal numbers of a deviation as words' embeddings have it. */
  final float[] drawn(long count, long... use) {
    long[] purpose = new long[use.length + 1];
    purpose[0] = DRAWN;
    System.arraycopy(use, 0, purpose, 1, use.length);
    var random = CounterRandom.of(context.seed(), purpose);
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (DEVIATION * random.gaussian(i));
    }
    return values;
  }

  /** The numbers of the classes of the experience that is being learned. */
  final int[] own() {
    return own;
  }

  static Tensor named(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("expected a tensor " + name + " among prompts");
    }
    return tensor;
  }

  /** The queries of any inputs, {@code [inputs, width]}, of length 1. Not for workers. */
  final Tensor queries(List<? extends Input> inputs) {
    return PromptedBackbone.queries(context, inputs);
  }

  /** Those of the last batch's rows, one after another. */
  final float[] queries() {
    return queries;
  }

  /** The queries of a worker's rows, {@code [rows, width]}. */
  final Tensor queries(Part part) {
    int width = width();
    int[] positions = part.positions();
    float[] own = new float[positions.length * width];
    for (int row = 0; row < positions.length; row++) {
      System.arraycopy(queries, positions[row] * width, own, row * width, width);
    }
    return Tensors.floats(own, positions.length, width);
  }

  @Override
  public final boolean reshapes(Experience experience, Model model) {
    tasks++;
    boolean grows = tasks > 1 && !growing().isEmpty();
    if (grows) {
      Parameters parameters = model.parameters();
      growing().forEach(name -> hold(name, parameters.view(parameters.values(), name)));
    }
    return grows;
  }

  private void hold(String name, Tensor rows) {
    Tensor old = held.get(name);
    Tensor copy = rows.clone();
    held.put(name, old == null ? owner.keep(copy) : owner.replace(old, copy));
  }

  /** The rows of former tasks in a tensor laid out like a parameter. */
  private Tensor former(Parameters parameters, Tensor flat, String name) {
    Tensor all = parameters.view(flat, name);
    return all.narrow(0, 0, all.size(0) / tasks * (tasks - 1));
  }

  @Override
  public void begin(Experience experience, Model model, boolean fresh) {
    context.register(experience);
    own = experience.classes().stream().mapToInt(model.classes()::indexOf).toArray();
    Parameters parameters = model.parameters();
    if (fresh) {
      holdFormer(parameters);
    } else {
      growing().forEach(name -> hold(name, former(parameters, parameters.values(), name)));
    }
  }

  /** Former tasks' prompts stay to the bit, whatever the optimiser does to values without a gradient. */
  private void holdFormer(Parameters parameters) {
    held.forEach((name, rows) -> former(parameters, parameters.values(), name).copy_(rows));
  }

  @Override
  public final Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
    queries = Tensors.toFloats(queries(batch.rows().stream().map(Example::input).toList()));
    Tensor gradient = atValues.get();
    growing().forEach(name -> former(model.parameters(), gradient, name).zero_());
    return gradient;
  }

  @Override
  public Tensor taskLoss(Batch batch, Part part) {
    Tensor logits = part.logits();
    if (training.own() && own.length > 1) {
      float[] closed = new float[(int) logits.size(1)];
      Arrays.fill(closed, Float.NEGATIVE_INFINITY);
      for (int open : own) {
        closed[open] = 0;
      }
      logits = logits.add(Tensors.floats(closed, closed.length));
    }
    return torch.cross_entropy_loss(logits, part.targets(), new TensorOptional(), 2, -100, 0);
  }

  @Override
  public void stepped(Batch batch, Model model) {
    holdFormer(model.parameters());
  }

  @Override
  public List<StatePart> state() {
    return List.of(StatePart.of(PART, Combine.LATEST, Map.of(TASKS, TensorData.of(new long[] {tasks}, 1))));
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    past.forEach(context::register);
    tasks = (int) LearnerState.part(state, PART).tensor(TASKS).longs()[0];
  }

  @Override
  public final void close() {
    owner.close();
  }
}
