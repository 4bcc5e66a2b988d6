package dev.perennial.learn.structure;

import dev.perennial.UsageException;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
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
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Continual Learning with Dynamic Sparse Training: Exploring Algorithms for Effective Model Updates (arXiv 2308.14831):
 *   task t has a mask M_t over the weights, drawn at random with each layer's density (uniform or ERK)
 *   every `interval` steps: prune the weights of least magnitude, rate * active of them; grow as many
 *   rate falls along a half cosine from pruneRate to 0.005 over the task
 *   its network is W * M_t; a weight that an earlier task used is shared, and never changes again
 * Biases and rows of the head are not masked, and each task has its own. A weight that is grown starts at 0, or at what
 * an earlier task made of it. Momentum for growth is u <- 0.9 u + gradient, of all weights, active or not.
 */
/** Finds a sparse network for each task within one set of weights, of which former tasks' weights are frozen. */
@Technique(
    name = "sparse-training",
    title = "Continual Learning with Dynamic Sparse Training: Exploring Algorithms for Effective Model Updates",
    source = "arXiv 2308.14831",
    cost = "the steps of plain training; keeps all weights, a bit a weight, biases and rows of the head for each task")
public final class SparseTraining implements Method<SparseTraining.Options> {

  /** How the layers' densities are chosen. */
  public enum Initialisation {
    /** Smaller layers are denser. */
    ERK,
    /** All layers have the same density. */
    UNIFORM
  }

  /** Which connections grow. */
  public enum Growth {
    /** Any, at random. */
    RANDOM,
    /** At random, those first that were never active in the task. */
    UNFIRED,
    /** Those of the largest gradient. */
    GRADIENT,
    /** Those of the largest gradient summed over steps. */
    MOMENTUM
  }

  /**
   * The options.
   *
   * @param training how it trains
   * @param density share of weights that a task's network has, above 0 and at most 1; default 0.2
   * @param init how densities are spread over the layers; default erk
   * @param growth which connections grow; default random
   * @param interval steps between two cycles of pruning and growing, 1 to 1 million; default 100
   * @param pruneRate share of active weights pruned at first, 0 to below 1; default 0.5
   * @param infer how the task of an input is told; default distance
   */
  public record Options(
      GradientOptions training, double density, Initialisation init, Growth growth, int interval, double pruneRate,
      TaskInference infer) {

    /** Checks the ranges. */
    public Options {
      if (!(density > 0 && density <= 1)) {
        throw new UsageException("expected a density above 0 and at most 1, got " + density);
      }
      if (interval < 1 || interval > 1_000_000) {
        throw new UsageException("expected an interval between 1 and 1000000 steps, got " + interval);
      }
      if (!(pruneRate >= 0 && pruneRate < 1)) {
        throw new UsageException("expected a pruneRate from 0 to below 1, got " + pruneRate);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(
        GradientOptions.DEFAULT, 0.2, Initialisation.ERK, Growth.RANDOM, 100, 0.5, TaskInference.DISTANCE);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Sparsity(options, context.seed()));
  }

  static final class Sparsity extends TaskNetworks {

    private static final long DRAWN = 61;
    private static final long GROWN = 62;
    private static final double LAST_RATE = 0.005;
    private static final double MOMENTUM_KEPT = 0.9;
    private static final String PART = "sparse";

    private final Options options;
    private final long seed;
    private final TensorOwner owner = new TensorOwner();
    private final List<BitSet> masks = new ArrayList<>();
    private final BitSet used = new BitSet();
    private @Nullable SparseMask mask;
    /** Flat over all that is trained below the head, as all the others: what former tasks made of the weights. */
    private @Nullable Tensor dense;
    private @Nullable Tensor fixed;
    private @Nullable Tensor free;
    private @Nullable Tensor momentum;
    private @Nullable Tensor live;
    private float[] gains = new float[0];

    Sparsity(Options options, long seed) {
      super(options.training().head(), options.infer());
      this.options = options;
      this.seed = seed;
    }

    /** Names of the tensors that are masked: all with two dimensions or more, but for the head. */
    private static List<String> masked(Parameters parameters) {
      List<String> names = parameters.names();
      return names.subList(0, names.size() - 1).stream()
          .filter(name -> parameters.view(parameters.values(), name).dim() > 1).toList();
    }

    /** Names of the others, the biases. */
    private static List<String> unmasked(Parameters parameters) {
      var names = new ArrayList<>(parameters.names());
      names.removeLast();
      names.removeAll(masked(parameters));
      return names;
    }

    private static int size(Parameters parameters) {
      return (int) (parameters.size() - parameters.view(parameters.values(), parameters.names().getLast()).numel());
    }

    private static int[] offsets(Parameters parameters) {
      return masked(parameters).stream()
          .mapToInt(name -> (int) parameters.view(parameters.values(), name).storage_offset()).toArray();
    }

    private static int[] sizes(Parameters parameters) {
      return masked(parameters).stream()
          .mapToInt(name -> (int) parameters.view(parameters.values(), name).numel()).toArray();
    }

    /** The mask of the task that is being learned or was learned last. */
    SparseMask mask() {
      return required(mask);
    }

    private static <T> T required(@Nullable T value) {
      if (value == null) {
        throw new IllegalStateException("a task begins first");
      }
      return value;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      super.begin(experience, model, fresh);
      Parameters parameters = model.parameters();
      int size = size(parameters);
      if (fresh) {
        if (dense == null) {
          dense = owner.keep(parameters.values().narrow(0, 0, size).clone());
          if (options.growth == Growth.MOMENTUM) {
            momentum = owner.keep(Tensors.zeros(size));
          }
        }
        if (momentum != null) {
          momentum.zero_();
        }
        List<long[]> shapes =
            masked(parameters).stream().map(name -> parameters.view(parameters.values(), name).shape()).toList();
        double[] densities = options.init == Initialisation.ERK
            ? SparseDensities.erk(shapes, options.density)
            : SparseDensities.uniform(shapes, options.density);
        mask = SparseMask.drawn(
            offsets(parameters), sizes(parameters), densities, random(shapes.size(), DRAWN, experience.index(), 0));
        parameters.values().narrow(0, 0, size).copy_(required(dense));
      } else {
        SparseMask restored = mask();
        mask = new SparseMask(offsets(parameters), sizes(parameters), restored.active(), restored.fired());
      }
      spread(parameters);
      if (fresh) {
        parameters.values().narrow(0, 0, size).mul_(required(fixed).add(required(free)));
      }
    }

    private CounterRandom[] random(int layers, long use, long experience, long step) {
      var random = new CounterRandom[layers];
      for (int l = 0; l < layers; l++) {
        random[l] = CounterRandom.of(seed, use, experience, step, l);
      }
      return random;
    }

    /** Lays the mask out as numbers: {@code fixed} are active weights of former tasks, {@code free} what is trained. */
    private void spread(Parameters parameters) {
      int size = size(parameters);
      float[] fixedNow = new float[size];
      float[] freeNow = new float[size];
      BitSet active = mask().active();
      for (int i = active.nextSetBit(0); i >= 0; i = active.nextSetBit(i + 1)) {
        (used.get(i) ? fixedNow : freeNow)[i] = 1;
      }
      for (String name : unmasked(parameters)) {
        Tensor view = parameters.view(parameters.values(), name);
        int offset = (int) view.storage_offset();
        Arrays.fill(freeNow, offset, offset + (int) view.numel(), 1);
      }
      fixed = kept(fixed, Tensors.floats(fixedNow, size));
      free = kept(free, Tensors.floats(freeNow, size));
    }

    private Tensor kept(@Nullable Tensor before, Tensor now) {
      return before == null ? owner.keep(now) : owner.replace(before, now);
    }

    private long steps(Experience experience) {
      int batch = options.training().batch();
      return (long) options.training().epochs() * Math.ceilDiv(experience.train().size(), batch);
    }

    private boolean ends(Batch batch) {
      return (batch.step() + 1) % options.interval == 0 && batch.step() + 1 < steps(batch.experience());
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      Tensor gradient = atValues.get();
      Tensor below = gradient.narrow(0, 0, required(free).numel());
      if (momentum != null) {
        momentum.mul_(new Scalar(MOMENTUM_KEPT)).add_(below);
      }
      if (ends(batch)) {
        gains = switch (options.growth) {
          case GRADIENT -> Tensors.toFloats(below);
          case MOMENTUM -> Tensors.toFloats(required(momentum));
          case RANDOM, UNFIRED -> new float[0];
        };
      }
      below.mul_(required(free));
      return gradient;
    }

    @Override
    public void stepped(Batch batch, Model model) {
      Parameters parameters = model.parameters();
      Tensor values = parameters.values().narrow(0, 0, size(parameters));
      if (ends(batch)) {
        double progress = (double) (batch.step() + 1) / steps(batch.experience());
        double rate = options.pruneRate <= LAST_RATE
            ? options.pruneRate
            : LAST_RATE + (options.pruneRate - LAST_RATE) * (1 + Math.cos(Math.PI * progress)) / 2;
        hold(values);
        mask().pruneAndGrow(rate, Tensors.toFloats(values), gains, options.growth == Growth.UNFIRED,
            random(sizes(parameters).length, GROWN, batch.experience().index(), batch.step()));
        spread(parameters);
      }
      hold(values);
    }

    /** Sets inactive weights to 0, and active ones of former tasks to what those made of them. */
    private void hold(Tensor values) {
      values.mul_(required(free)).addcmul_(required(fixed), required(dense), new Scalar(1.0));
    }

    @Override
    Map<String, Tensor> own(Parameters parameters) {
      var tensors = new HashMap<String, Tensor>();
      unmasked(parameters)
          .forEach(name -> tensors.put(name, parameters.view(parameters.values(), name)));
      return tensors;
    }

    @Override
    public void end(Experience experience, Model model) {
      super.end(experience, model);
      Tensor values = model.parameters().values().narrow(0, 0, size(model.parameters()));
      Tensor changed = required(free);
      Tensor all = required(dense);
      all.sub_(all.mul(changed)).addcmul_(changed, values, new Scalar(1.0));
      BitSet active = (BitSet) mask().active().clone();
      masks.add(active);
      used.or(active);
    }

    @Override
    void act(int task, Model model) {
      Parameters parameters = model.parameters();
      Tensor values = parameters.values().narrow(0, 0, size(parameters));
      if (task == LIVE) {
        if (live != null) {
          values.copy_(live);
          owner.release(live);
          live = null;
        }
        return;
      }
      if (live == null) {
        live = owner.keep(values.clone());
      }
      float[] mine = new float[(int) values.numel()];
      BitSet active = masks.get(task);
      for (int i = active.nextSetBit(0); i >= 0; i = active.nextSetBit(i + 1)) {
        mine[i] = 1;
      }
      values.copy_(required(dense)).mul_(Tensors.floats(mine, mine.length));
      kept().of(task).forEach((name, tensor) -> {
        if (parameters.names().contains(name)) {
          parameters.view(parameters.values(), name).copy_(tensor);
        }
      });
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<>(super.state());
      var tensors = new LinkedHashMap<String, TensorData>();
      for (int task = 0; task < masks.size(); task++) {
        tensors.put("mask." + task, words(masks.get(task)));
      }
      if (dense != null) {
        tensors.put("dense", Tensors.view(dense));
        tensors.put("active", words(mask().active()));
        tensors.put("fired", words(mask().fired()));
      }
      if (momentum != null) {
        tensors.put("momentum", Tensors.view(momentum));
      }
      parts.add(StatePart.of(PART, Combine.LATEST, tensors));
      return parts;
    }

    private static TensorData words(BitSet bits) {
      long[] words = bits.toLongArray();
      return TensorData.of(words, words.length);
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      StatePart part = LearnerState.part(state, PART);
      for (int task = 0; task < tasks().learned(); task++) {
        masks.add(BitSet.valueOf(part.tensor("mask." + task).longs()));
        used.or(masks.getLast());
      }
      if (part.tensors().containsKey("dense")) {
        mask = new SparseMask(new int[0], new int[0], BitSet.valueOf(part.tensor("active").longs()),
            BitSet.valueOf(part.tensor("fired").longs()));
        try (TensorScope scope = TensorScope.inference()) {
          dense = owner.keep(Tensors.copyOf(part.tensor("dense")));
          if (options.growth == Growth.MOMENTUM) {
            momentum = owner.keep(Tensors.copyOf(part.tensor("momentum")));
          }
        }
      }
    }

    /** All weights, a bit for each of them and each task, and each task's biases and rows of the head. */
    @Override
    public long memoryBytes() {
      Tensor all = dense;
      long numbers = all == null ? 0 : all.numel();
      return super.memoryBytes() + numbers * Float.BYTES + masks.size() * Math.ceilDiv(numbers, Byte.SIZE);
    }

    @Override
    public void close() {
      super.close();
      owner.close();
    }
  }
}
