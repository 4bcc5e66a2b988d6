package dev.perennial.learn.hypernetwork;

import static dev.perennial.learn.hypernetwork.Hypernetwork.Parameter.normal;
import static dev.perennial.learn.hypernetwork.Hypernetwork.of;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * HyperInterval (arXiv 2405.15444). Task t has an interval of embeddings, chunk s of the target's weights an embedding:
 *   [e_t] = spread radius tanh(a_t)  +-  radius                       in every one of its numbers
 *   [h_s] = tanh(E [e_t] + K k_s + b)      weights of chunk s = V [h_s] / sqrt(units)
 * by interval arithmetic, and so are the logits [z] of a row. With a spread of at most 1 all intervals contain 0, so that
 * they have common embeddings, of which the universal one is the middle. Loss of task t, with z at the middle of [e_t] and
 * z' the worst logits in [z], the label's as low and the others as high as can be:
 *   k CE(z) + (1 - k) CE(z')
 * In the first half of an experience the radius that is trained with grows from 0 and k falls from 1 to kappa. What later
 * tasks must not change are the middles and radii of all weights.
 */
/** A network that generates the weights of a task's network, and how far they can be for all embeddings of the task. */
final class IntervalHypernetwork implements Hypernetwork {

  private static final long INITIAL = 62;
  private static final String CHUNKS = "chunks";
  private static final String OF_TASK = "hidden.task";
  private static final String OF_CHUNK = "hidden.chunk";
  private static final String BIAS = "hidden.bias";
  private static final String OUTPUT = "output";

  private final TargetNetwork target;
  private final HyperInterval.Options options;
  private final long seed;
  private final List<Integer> classes = new ArrayList<>();

  /** A hypernetwork of no task. */
  IntervalHypernetwork(TargetNetwork target, HyperInterval.Options options, long seed) {
    this.target = target;
    this.options = options;
    this.seed = seed;
  }

  @Override
  public List<Parameter> addTask(int classesOfTask) {
    int task = classes.size();
    classes.add(classesOfTask);
    int embedding = options.networks().embedding();
    int units = options.networks().units();
    var parameters = new ArrayList<Parameter>();
    if (task == 0) {
      double deviation = 1 / Math.sqrt(embedding);
      parameters.add(normal(CHUNKS, 1, random(task, 0), target.trunkChunks(), embedding));
      parameters.add(normal(OF_TASK, deviation, random(task, 1), units, embedding));
      parameters.add(normal(OF_CHUNK, deviation, random(task, 2), units, embedding));
      parameters.add(normal(BIAS, 0, random(task, 3), units));
    }
    parameters.add(normal(Hypernetwork.embedding(task), 1, random(task, 4), embedding));
    parameters.add(normal(Hypernetwork.head(task), 1, random(task, 5), target.headChunks(classesOfTask), embedding));
    if (task == 0) {
      parameters.add(normal(OUTPUT, deviationOfOutput(parameters), random(task, 6), target.chunk(), units));
    }
    return parameters;
  }

  private CounterRandom random(int task, int part) {
    return CounterRandom.of(seed, INITIAL, task, part);
  }

  /** The one that gives the first task's weights the deviation that the target asks for. */
  private double deviationOfOutput(List<Parameter> parameters) {
    try (TensorScope scope = TensorScope.inference()) {
      var tensors = new HashMap<String, Tensor>();
      parameters.forEach(p -> tensors.put(p.name(), Tensors.floats(p.values(), p.shape())));
      double meanSquare = hidden(tensors, 0, region(tensors, 0, 1)).center().square().mean().item_double();
      return target.deviation() / Math.sqrt(meanSquare);
    }
  }

  /**
   * The embeddings of a task, {@code [1, embedding]}.
   *
   * @param grown the part of the radius that is taken, 0 to 1
   */
  Interval region(Map<String, Tensor> tensors, int task, double grown) {
    Tensor center = of(tensors, Hypernetwork.embedding(task)).tanh().unsqueeze(0)
        .mul(new Scalar(options.spread() * options.radius()));
    return new Interval(center, torch.full_like(center, new Scalar(grown * options.radius())));
  }

  /** What the regions of all tasks have in common, {@code [1, embedding]}: not empty with a spread of at most 1. */
  Interval universal(Map<String, Tensor> tensors) {
    Interval first = region(tensors, 0, 1);
    Tensor lower = first.lower();
    Tensor upper = first.upper();
    for (int task = 1; task < classes.size(); task++) {
      Interval other = region(tensors, task, 1);
      lower = torch.maximum(lower, other.lower());
      upper = torch.minimum(upper, other.upper());
    }
    var half = new Scalar(0.5);
    return new Interval(upper.add(lower).mul(half), upper.sub(lower).mul(half));
  }

  private Interval hidden(Map<String, Tensor> tensors, int task, Interval region) {
    Tensor chunks = Tensors.concat(0, of(tensors, CHUNKS), of(tensors, Hypernetwork.head(task)));
    Tensor fixed = torch.addmm(of(tensors, BIAS), chunks, of(tensors, OF_CHUNK).t());
    Interval moved = region.times(of(tensors, OF_TASK));
    Tensor center = moved.center().add(fixed);
    return new Interval(center, moved.radius().expand_as(center)).rising(torch::tanh);
  }

  /** All flat weights of a task's network that embeddings within a region give. */
  Interval weights(Map<String, Tensor> tensors, int task, Interval region) {
    var scale = new Scalar(1 / Math.sqrt(options.networks().units()));
    Interval generated = hidden(tensors, task, region).times(of(tensors, OUTPUT).mul(scale));
    int classesOfTask = classes.get(task);
    return new Interval(
        target.weights(generated.center(), classesOfTask), target.weights(generated.radius(), classesOfTask));
  }

  @Override
  public Tensor generated(Map<String, Tensor> tensors, int end) {
    var all = new Tensor[2 * end];
    for (int task = 0; task < end; task++) {
      Interval weights = weights(tensors, task, region(tensors, task, 1));
      all[2 * task] = weights.center();
      all[2 * task + 1] = weights.radius();
    }
    return Tensors.concat(0, all);
  }

  @Override
  public Tensor loss(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels, double progress) {
    double grown = Math.min(1, 2 * progress);
    Interval region = region(tensors, task, grown);
    Interval logits = target.logits(weights(tensors, task, region), rows, classes.get(task));
    Tensor middle = weights(tensors, task, new Interval(region.center(), torch.zeros_like(region.center()))).center();
    double share = 1 - (1 - options.kappa()) * grown;
    Tensor fit = torch.cross_entropy_loss(target.logits(middle, rows, classes.get(task)), labels);
    return fit.mul(new Scalar(share))
        .add(torch.cross_entropy_loss(logits.worst(labels), labels).mul(new Scalar(1 - share)));
  }

  @Override
  public List<Tensor> weights(Map<String, Tensor> tensors) {
    var weights = new ArrayList<Tensor>();
    for (int task = 0; task < classes.size(); task++) {
      Tensor from = options.universal() ? universal(tensors).center() : region(tensors, task, 0).center();
      weights.add(weights(tensors, task, new Interval(from, torch.zeros_like(from))).center());
    }
    return weights;
  }

  @Override
  public Tensor margins(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels) {
    Interval weights = weights(tensors, task, region(tensors, task, 1));
    return target.logits(weights, rows, classes.get(task)).margins(labels);
  }
}
