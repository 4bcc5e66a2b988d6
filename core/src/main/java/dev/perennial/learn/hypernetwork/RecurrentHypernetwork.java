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
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/*
 * Continual Learning with Dependency Preserving Hypernetworks (arXiv 2209.07712). Task t has an embedding e_t, chunk s of
 * the target's weights, layer after layer, an embedding k_s; an LSTM goes over the chunks, so that each depends on all
 * before it:
 *   i, f, g, o = A [e_t k_s] + B h_{s-1} + a       c_s = sigmoid(f) c_{s-1} + sigmoid(i) tanh(g)
 *   h_s = sigmoid(o) tanh(c_s)                     weights of chunk s = V h_s / sqrt(units)
 * Growth: each task after the first brings more units, an LSTM of their own that also sees the states of all units before
 * it, [e_t k_s h_s], and adds V' h'_s / sqrt(units). Tasks that came before do without them, so that they change nothing
 * for those; V' is 0 at first. A task's output layer has chunks of its own.
 */
/** A recurrent network that generates the weights of a task's network, chunk after chunk. */
final class RecurrentHypernetwork implements Hypernetwork {

  private static final long INITIAL = 61;
  private static final String CHUNKS = "chunks";

  private final TargetNetwork target;
  private final int embedding;
  private final int units;
  private final int growth;
  private final long seed;
  private final List<Integer> classes = new ArrayList<>();

  /** A hypernetwork of no task. */
  RecurrentHypernetwork(TargetNetwork target, int embedding, int units, int growth, long seed) {
    this.target = target;
    this.embedding = embedding;
    this.units = units;
    this.growth = growth;
    this.seed = seed;
  }

  private static String block(int block, String part) {
    return "lstm." + block + "." + part;
  }

  /** How many LSTMs task {@code task} has: block k came with task k. */
  private int blocks(int task) {
    return growth == 0 ? 1 : task + 1;
  }

  private int unitsOf(int block) {
    return block == 0 ? units : growth;
  }

  @Override
  public List<Parameter> addTask(int classesOfTask) {
    int task = classes.size();
    classes.add(classesOfTask);
    var parameters = new ArrayList<Parameter>();
    if (task == 0) {
      parameters.add(normal(CHUNKS, 1, random(task, 0), target.trunkChunks(), embedding));
    }
    parameters.add(normal(Hypernetwork.embedding(task), 1, random(task, 1), embedding));
    parameters.add(normal(Hypernetwork.head(task), 1, random(task, 2), target.headChunks(classesOfTask), embedding));
    if (task == 0 || growth > 0) {
      int own = unitsOf(task);
      long in = 2L * embedding + (task == 0 ? 0 : units + (task - 1L) * growth);
      double deviation = 1 / Math.sqrt(in + own);
      parameters.add(normal(block(task, "input"), deviation, random(task, 3), 4L * own, in));
      parameters.add(normal(block(task, "recurrent"), deviation, random(task, 4), 4L * own, own));
      parameters.add(normal(block(task, "bias"), 0, random(task, 5), 4L * own));
      parameters.add(normal(
          block(task, "output"), task == 0 ? deviationOfOutput(parameters) : 0, random(task, 6), target.chunk(), own));
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
      double meanSquare = states(tensors, 0, 1).getFirst().square().mean().item_double();
      return target.deviation() / Math.sqrt(meanSquare);
    }
  }

  /** The states of block after block, {@code [chunks, tasks that have it, units]}, of the tasks from first to end. */
  private List<Tensor> states(Map<String, Tensor> tensors, int first, int end) {
    int heads = classes.subList(first, end).stream().mapToInt(target::headChunks).max().orElseThrow();
    var sequences = new Tensor[end - first];
    for (int task = first; task < end; task++) {
      Tensor own = of(tensors, Hypernetwork.head(task));
      Tensor none = own.new_zeros(heads - own.size(0), embedding);
      Tensor chunks = Tensors.concat(0, of(tensors, CHUNKS), own, none);
      Tensor everywhere = of(tensors, Hypernetwork.embedding(task)).expand(chunks.size(0), -1);
      sequences[task - first] = Tensors.concat(1, everywhere, chunks).unsqueeze(1);
    }
    Tensor input = Tensors.concat(1, sequences);
    var states = new ArrayList<Tensor>();
    for (int block = 0; block < blocks(end - 1); block++) {
      // Tasks before the one that the block came with do without it.
      int missing = Math.max(first, block) - Math.max(first, block - 1);
      input = input.narrow(1, missing, input.size(1) - missing);
      Tensor state = lstm(tensors, block, input);
      states.add(state);
      input = Tensors.concat(2, input, state);
    }
    return states;
  }

  private Tensor lstm(Map<String, Tensor> tensors, int block, Tensor input) {
    int own = unitsOf(block);
    Tensor bias = of(tensors, block(block, "bias"));
    Tensor start = input.new_zeros(1, input.size(1), own);
    T_TensorTensorTensor_T result = torch.lstm(
        input, new TensorVector(start, start),
        new TensorVector(of(tensors, block(block, "input")), of(tensors, block(block, "recurrent")), bias,
            torch.zeros_like(bias)),
        true, 1, 0, false, false, false);
    return result.get0();
  }

  /** The flat weights of the tasks from first to end. */
  List<Tensor> weights(Map<String, Tensor> tensors, int first, int end) {
    List<Tensor> states = states(tensors, first, end);
    var weights = new ArrayList<Tensor>();
    for (int task = first; task < end; task++) {
      int chunks = target.trunkChunks() + target.headChunks(classes.get(task));
      var parts = new Tensor[blocks(task)];
      var outputs = new Tensor[parts.length];
      for (int block = 0; block < parts.length; block++) {
        parts[block] = states.get(block).select(1, task - Math.max(first, block)).narrow(0, 0, chunks);
        outputs[block] = of(tensors, block(block, "output"));
      }
      Tensor generated = torch.mm(Tensors.concat(1, parts), Tensors.concat(1, outputs).t())
          .div(new Scalar(Math.sqrt(units)));
      weights.add(target.weights(generated, classes.get(task)));
    }
    return weights;
  }

  @Override
  public Tensor generated(Map<String, Tensor> tensors, int end) {
    return Tensors.concat(0, weights(tensors, 0, end).toArray(new Tensor[0]));
  }

  @Override
  public Tensor loss(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels, double progress) {
    Tensor weights = weights(tensors, task, task + 1).getFirst();
    return torch.cross_entropy_loss(target.logits(weights, rows, classes.get(task)), labels);
  }

  @Override
  public List<Tensor> weights(Map<String, Tensor> tensors) {
    return weights(tensors, 0, classes.size());
  }

  /** A task's region is its embedding alone. */
  @Override
  public Tensor margins(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels) {
    Tensor weights = weights(tensors, task, task + 1).getFirst();
    Tensor logits = target.logits(weights, rows, classes.get(task));
    return new Interval(logits, torch.zeros_like(logits)).margins(labels);
  }
}
