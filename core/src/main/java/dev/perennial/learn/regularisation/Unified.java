package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.Memory;
import dev.perennial.learn.replay.Sample;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * A Unified and General Framework for Continual Learning (arXiv 2403.13249): with D_F the Bregman divergence of a convex
 * F, h the outputs and w the weights,
 *   loss = CE(arrived) + sum of alpha * D_F(reference, h) + beta * D_G(w, w*)
 * Here, over the rows of a batch, those that arrived and those that are replayed, and divided by their number:
 *   replay  *       KL(one-hot label, softmax(h))       on replayed rows     F negative entropy       ER
 *   logits  *       |z - h|²                            on replayed rows     F squared norm           DER
 *   distillation *  T² KL(softmax(h* / T), softmax(h / T)) on arrived rows    F negative entropy       LwF
 *   weights *       (w - w*)' M (w - w*) / 2                                 G quadratic: M = 1: L2, M = Fisher: EWC
 * with z the logits that were kept with a row after its experience, h* those of the model before this experience, over
 * the classes known then, w* the weights after the last experience.
 */
/** All of replay, distillation and penalties on weights as one sum, with a coefficient each. */
@Technique(
    name = "unified",
    title = "A Unified and General Framework for Continual Learning",
    source = "arXiv 2403.13249",
    cost = "of each part whose coefficient is not 0: replayed rows, the old logits, one or two numbers a parameter")
public final class Unified implements Method<Unified.Options> {

  /** What a change of weights is measured by. */
  public enum Metric {
    /** All alike. */
    IDENTITY,
    /** The diagonal of the Fisher matrix, at the rows' labels. */
    FISHER
  }

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory examples kept where replay or logits are not 0, 1 to 10 million; default 500
   * @param replay coefficient of the labels of replayed rows, at least 0; default 1
   * @param logits coefficient of their logits, at least 0; default 0.1
   * @param distillation coefficient of the former model's predictions, at least 0; default 0
   * @param temperature both sides of it are softened by, above 0; default 2
   * @param weights coefficient of the change of weights, at least 0; default 0
   * @param metric what it is measured by; default fisher
   * @param fisherRows rows sampled of an experience for the Fisher matrix, 1 to 1 million; default 128
   */
  public record Options(
      GradientOptions training, int memory, double replay, double logits, double distillation, double temperature,
      double weights, Metric metric, int fisherRows) {

    /** Checks the ranges. */
    public Options {
      if (memory < 1 || memory > 10_000_000) {
        throw new UsageException("expected a memory between 1 and 10000000 examples, got " + memory);
      }
      Strength.require("replay", replay);
      Strength.require("logits", logits);
      Strength.require("distillation", distillation);
      Strength.requireTemperature(temperature);
      Strength.require("weights", weights);
      RowSample.require("fisherRows", fisherRows);
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, 1, 0.1, 0, 2, 0, Metric.FISHER, 128);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, objective(options, context.seed()));
  }

  /** What is minimised, for use with a {@link GradientLearner} of one's own. */
  public static Objective objective(Options options, long seed) {
    return new General(options, seed);
  }

  private static final class General implements Objective {

    // The numbers under which replay and ewc draw: special cases then take the steps of those techniques.
    private static final long KEPT = 11;
    private static final long DRAWN = 12;
    private static final long SAMPLED = 21;
    private static final String MEMORY = "memory";
    private static final String TEACHER = "teacher";

    private final Options options;
    private final long seed;
    private final Memory memory;
    private final Teacher teacher = new Teacher();
    private final Anchor anchor = new Anchor("fisher");
    private final RowSample sample;
    private List<Sample> drawn = List.of();
    private int knownBefore;

    private General(Options options, long seed) {
      this.options = options;
      this.seed = seed;
      this.memory = new Memory(options.memory, Memory.Policy.RESERVOIR);
      this.sample = new RowSample(seed, SAMPLED, options.fisherRows);
    }

    private boolean replays() {
      return options.replay > 0 || options.logits > 0;
    }

    private boolean takesFisher() {
      return options.weights > 0 && options.metric == Metric.FISHER;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      teacher.begin(experience);
      if (fresh && knownBefore > 0 && options.distillation > 0) {
        teacher.answer(model.logits(experience.train()).narrow(1, 0, knownBefore));
      }
    }

    @Override
    public List<Example> replayed(Experience experience, long step) {
      drawn = memory.draw(options.training.batch(), CounterRandom.of(seed, DRAWN, experience.index(), step));
      return drawn.stream().map(Sample::example).toList();
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      Tensor oneHot = torch.one_hot(part.targets(), part.logits().size(1)).to(part.logits().scalar_type());
      // Each replayed row counts `replay` times, each that arrived once.
      float[] counts = new float[part.positions().length];
      for (int i = 0; i < counts.length; i++) {
        counts[i] = part.positions()[i] < batch.arrived() ? 1 : (float) options.replay;
      }
      return Divergences.entropic(oneHot, part.logits(), Tensors.floats(counts, counts.length));
    }

    @Override
    public @Nullable Tensor outputLoss(Batch batch, Part part) {
      Tensor onReplayed =
          options.logits == 0 ? null : onLogits(part.only(position -> position >= batch.arrived()), batch);
      Tensor onArrived =
          teacher.hasAnswered() ? distilled(part.only(position -> position < batch.arrived())) : null;
      if (onReplayed == null || onArrived == null) {
        return onReplayed == null ? onArrived : onReplayed;
      }
      return onReplayed.add(onArrived);
    }

    private @Nullable Tensor onLogits(Part replayed, Batch batch) {
      if (replayed.isEmpty()) {
        return null;
      }
      // Classes that came after a row was kept are held where they are.
      int columns = (int) replayed.logits().size(1);
      float[] wanted = Tensors.toFloats(replayed.logits().detach());
      int[] positions = replayed.positions();
      for (int row = 0; row < positions.length; row++) {
        float[] kept = drawn.get(positions[row] - batch.arrived()).logits();
        System.arraycopy(kept, 0, wanted, row * columns, kept.length);
      }
      return Divergences.squared(Tensors.floats(wanted, positions.length, columns), replayed.logits())
          .mul(new Scalar(options.logits));
    }

    private @Nullable Tensor distilled(Part arrived) {
      if (arrived.isEmpty()) {
        return null;
      }
      Tensor old = arrived.logits().narrow(1, 0, knownBefore);
      return Divergences.softened(teacher.of(arrived.rows()), old, options.temperature)
          .mul(new Scalar(options.distillation));
    }

    @Override
    public void addWeightGradient(Tensor values, Tensor gradient) {
      anchor.addGradient(values, gradient, options.weights);
    }

    @Override
    public long closingSteps(Experience experience) {
      return takesFisher() ? sample.count(experience) : 0;
    }

    @Override
    public void closingStep(Experience experience, long step, Model model) {
      if (step == 0) {
        anchor.decay(model.parameters().size(), 1);
      }
      anchor.add(Fisher.EMPIRICAL.ofRow(model, sample.row(experience, step)), 1.0 / sample.count(experience));
    }

    @Override
    public void end(Experience experience, Model model) {
      knownBefore = model.classes().size();
      teacher.dismiss();
      if (options.weights > 0) {
        anchor.moveTo(model.parameters().values());
      }
      if (replays()) {
        var random = CounterRandom.of(seed, KEPT);
        experience.train().forEach(example -> memory.offer(Sample.of(example), random));
      }
      if (options.logits > 0) {
        answer(model);
      }
    }

    /** Keeps the model's logits beside the rows that have none yet. */
    private void answer(Model model) {
      List<Sample> samples = memory.samples();
      int[] asked = IntStream.range(0, samples.size()).filter(i -> samples.get(i).logits().length == 0).toArray();
      if (asked.length == 0) {
        return;
      }
      float[] logits = Tensors.toFloats(
          model.logits(Arrays.stream(asked).mapToObj(place -> samples.get(place).example()).toList()));
      for (int i = 0; i < asked.length; i++) {
        float[] own = Arrays.copyOfRange(logits, i * knownBefore, (i + 1) * knownBefore);
        memory.replace(asked[i], new Sample(samples.get(asked[i]).example(), own));
      }
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<StatePart>(anchor.state());
      parts.add(StatePart.of(MEMORY, Combine.UNION, memory.tensors()));
      parts.add(StatePart.of(TEACHER, Combine.LATEST, Map.of(
          "logits", teacher.state(), "known", TensorData.of(new long[] {knownBefore}, 1))));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      anchor.restore(state);
      memory.restore(LearnerState.part(state, MEMORY));
      StatePart part = LearnerState.part(state, TEACHER);
      teacher.restore(part.tensor("logits"));
      knownBefore = (int) part.tensor("known").longs()[0];
    }

    @Override
    public long memoryBytes() {
      return anchor.bytes() + memory.bytes() + teacher.bytes();
    }

    @Override
    public void close() {
      anchor.close();
    }
  }
}
