package dev.perennial.learn.structure;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.GrowingHead;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.Herding;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * A Model or 603 Exemplars: Towards Memory-Efficient Class-Incremental Learning (arXiv 2205.13218). The last layers are
 * specialised blocks s_1 .. s_b, one for each experience with new classes; the layers before them, g, are shared:
 *   features = [s_1(g(x)), ..., s_b(g(x))]      logits = head(features)
 *   loss = CE(logits, class) + auxiliary * CE(auxiliary head(s_b(g(x))), 0 for any old class, 1 .. for the new ones)
 * s_b begins as a copy of s_(b-1); s_1 .. s_(b-1) are frozen, and g after the first experience. The head is trained as a
 * whole. After an experience the new classes' weights may be brought to the old ones' mean length (weight aligning,
 * arXiv 1911.07053), and exemplars are chosen by herding. Equal memory: former blocks and exemplars share one budget of
 * bytes; a block is worth as many exemplars as fit its float32 numbers. The paper learns the exemplars among the new
 * rows; here as many as a batch has rows come with every batch, as replay techniques do.
 */
/** Shares the first layers between all tasks and adds a copy of the last ones for each. */
@Technique(
    name = "memo",
    title = "A Model or 603 Exemplars: Towards Memory-Efficient Class-Incremental Learning",
    source = "arXiv 2205.13218",
    cost = "twice the steps' rows, a forward pass for each former block; keeps a block a task and exemplars")
public final class Memo implements Method<Memo.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param specialised share of the layers, the last ones, that each task has for itself, above 0 to 1; default 0.5
   * @param memory exemplars kept, 1 to 10 million; default 500
   * @param budget bytes that exemplars and former blocks may take together, at least 0; default 0, no limit
   * @param auxiliary weight of the auxiliary loss, at least 0; default 1
   * @param align whether new classes' weights are aligned with the old ones', for streams that favour new classes;
   *     default false, as exemplars as many as new rows in every batch leave no favour to take back
   */
  public record Options(
      StructureOptions training, double specialised, int memory, long budget, double auxiliary, boolean align) {

    /** Checks the ranges. */
    public Options {
      if (!(specialised > 0 && specialised <= 1)) {
        throw new UsageException("expected a specialised share of layers above 0 and at most 1, got " + specialised);
      }
      if (memory < 1 || memory > 10_000_000) {
        throw new UsageException("expected a memory between 1 and 10000000 examples, got " + memory);
      }
      if (budget < 0) {
        throw new UsageException("expected a budget of at least 0 bytes, got " + budget);
      }
      if (!(auxiliary >= 0) || Double.isInfinite(auxiliary)) {
        throw new UsageException("expected an auxiliary weight of at least 0, got " + auxiliary);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(StructureOptions.DEFAULT, 0.5, 500, 0, 1, false);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    var expansion = new Expansion(options, context.backbone(), context.seed());
    return new GradientLearner(options.training().training(), context.on(expansion.backbone()), expansion);
  }

  static final class Expansion implements Objective {

    private static final long INITIAL = 51;
    private static final long DRAWN = 52;
    private static final long AUXILIARY_ROWS = 53;
    private static final String AUXILIARY = "auxiliary.weight";
    private static final String PART = "exemplars";

    private final Options options;
    private final long seed;
    private final Layers layers;
    private final int shared;
    private final GrowingHead auxiliaryHead;
    private final KeptTasks blocks = new KeptTasks("block.");
    private final Exemplars exemplars = new Exemplars();
    private final MadeBackbone backbone;
    private int knownBefore;
    private int known;
    private int lastGrown = -1;

    Expansion(Options options, Backbone inner, long seed) {
      this.options = options;
      this.seed = seed;
      this.layers = new Layers(inner, options.training().training().brick().requireLora("technique memo"), CounterRandom.of(seed, INITIAL));
      int all = layers.names().size();
      this.shared = all - Math.max(1, (int) Math.round(options.specialised * all));
      this.auxiliaryHead = options.training().head().of(inner.width());
      this.backbone = new Blocks(inner);
    }

    MadeBackbone backbone() {
      return backbone;
    }

    /** Numbers of one specialised block. */
    long blockSize() {
      return layers.weights(shared, layers.names().size()).stream().mapToLong(Layers.Weight::size).sum();
    }

    @Override
    public boolean reshapes(Experience experience, Model model) {
      int classes = model.classes().size();
      if (classes == known) {
        return false;
      }
      if (known > 0) {
        keepBlock(model.parameters());
      }
      knownBefore = known;
      known = classes;
      lastGrown = experience.index();
      return knownBefore > 0;
    }

    /** Keeps the block learned last; with the first one the shared layers, which are frozen from now on. */
    private void keepBlock(Parameters parameters) {
      long former = (blocks.size() + 1) * blockSize() * Float.BYTES;
      if (options.budget > 0 && former > options.budget) {
        throw new UsageException("expected a budget of at least " + former + " bytes for " + (blocks.size() + 1)
            + " former blocks, got " + options.budget + ": raise budget, or lower specialised");
      }
      var kept = new HashMap<String, Tensor>();
      for (Layers.Weight weight : layers.weights(blocks.size() == 0 ? 0 : shared, layers.names().size())) {
        kept.put(weight.name(), parameters.view(parameters.values(), weight.name()));
      }
      blocks.add(kept);
    }

    @Override
    public List<Example> replayed(Experience experience, long step) {
      return exemplars.draw(
          options.training().batch(), CounterRandom.of(seed, DRAWN, experience.index(), step));
    }

    @Override
    public @Nullable Tensor outputLoss(Batch batch, Part part) {
      Tensor rows = part.trained().get(AUXILIARY);
      if (rows == null) {
        return null;
      }
      int width = layers.backbone().width();
      Tensor newest = part.features().narrow(1, part.features().size(1) - width, width);
      long[] targets = new long[part.labels().length];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = Math.max(0, part.labels()[i] - knownBefore + 1);
      }
      return torch.cross_entropy_loss(auxiliaryHead.logits(newest, rows), Tensors.longs(targets, targets.length),
          new TensorOptional(), 2, -100, 0).mul(new Scalar(options.auxiliary));
    }

    @Override
    public void end(Experience experience, Model model) {
      if (options.align && knownBefore > 0 && lastGrown == experience.index()) {
        align(model.parameters());
      }
      long former = blocks.size() * blockSize() * Float.BYTES;
      for (String label : experience.classes()) {
        var rows = new ArrayList<>(exemplars.of(label));
        experience.train().stream().filter(row -> row.label().equals(label)).forEach(rows::add);
        Tensor features = model.features(rows.stream().map(Example::input).toList());
        var chosen = new ArrayList<Example>();
        for (int row : Herding.choices(features, Math.ceilDiv(options.memory, known))) {
          chosen.add(rows.get(row));
        }
        exemplars.put(label, chosen);
      }
      exemplars.cut(options.memory, options.budget == 0 ? Long.MAX_VALUE : options.budget - former);
    }

    /** Scales the weights of the new classes by mean |old weights| / mean |new weights|. Biases stay. */
    private void align(Parameters parameters) {
      String head = parameters.names().getLast();
      Tensor weights = parameters.view(parameters.values(), head).narrow(1, 0, backbone.width());
      Tensor fresh = weights.narrow(0, knownBefore, known - knownBefore);
      double old = meanLength(weights.narrow(0, 0, knownBefore));
      double now = meanLength(fresh);
      if (old > 0 && now > 0) {
        fresh.mul_(new Scalar(old / now));
      }
    }

    private static double meanLength(Tensor rows) {
      return torch.sqrt(rows.mul(rows).sum(1)).mean().item_double();
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<>(blocks.state());
      var tensors = new LinkedHashMap<>(exemplars.tensors());
      tensors.put("known", TensorData.of(new long[] {knownBefore, known, lastGrown}, 3));
      parts.add(StatePart.of(PART, Combine.UNION, tensors));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      blocks.restore(state);
      StatePart part = LearnerState.part(state, PART);
      exemplars.restore(part.tensors());
      long[] numbers = part.tensor("known").longs();
      knownBefore = (int) numbers[0];
      known = (int) numbers[1];
      lastGrown = (int) numbers[2];
    }

    /** Exemplars, former blocks, and the shared layers once they are frozen. */
    @Override
    public long memoryBytes() {
      return exemplars.bytes() + blocks.bytes();
    }

    @Override
    public void close() {
      blocks.close();
    }

    /** The shared layers once, and all blocks side by side. */
    private final class Blocks extends MadeBackbone {

      private Blocks(Backbone inner) {
        super(inner);
      }

      @Override
      public int width() {
        return (blocks.size() + 1) * layers.backbone().width();
      }

      @Override
      public void initialise(Parameters parameters) {
        layers.weights(blocks.size() == 0 ? 0 : shared, layers.names().size())
            .forEach(weight -> weight.addTo(parameters));
        if (blocks.size() > 0) {
          int rows = known - knownBefore + 1;
          var random = CounterRandom.of(seed, AUXILIARY_ROWS, blocks.size());
          parameters.add(AUXILIARY, auxiliaryHead.newRows(0, rows, random), rows, auxiliaryHead.rowLength());
        }
      }

      @Override
      Tensor features(Map<String, Tensor> trained, Inner through) {
        if (blocks.size() == 0) {
          return through.features(layers.adaptation(trained));
        }
        Map<String, Tensor> first = blocks.of(0);
        var side = new Tensor[blocks.size() + 1];
        for (int block = 0; block < side.length; block++) {
          var acting = new HashMap<>(first);
          acting.putAll(block < blocks.size() ? blocks.of(block) : trained);
          side[block] = through.features(layers.adaptation(acting));
        }
        return Tensors.concat(1, side);
      }
    }
  }
}
