package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Online prototype learning (arXiv 2308.00301): loss = CE(new and replayed rows) + OPE + INS, on features z of length 1
 * and a second view of each row:
 *   OPE = L(prototypes of the new rows) + L(prototypes of the replayed rows), prototypes being means of a class's rows
 *     in the batch; L as in PrototypeLoss.equilibrium
 *   INS = supervised contrast of all rows, PrototypeLoss.contrast
 *   feedback: of the rows replayed, a share comes from pairs of classes, drawn by
 *     exp(p_a·p_b / tau) / sum over pairs, so that classes whose prototypes lie close are practised more
 * Not as in the paper: its second view is an augmented image, ours are the features with some left out, which any
 * input has; features are taken as they are, without a projection in between; rows of a pair are replayed as they are,
 * not mixed up. With several workers, each has the prototypes of its own rows.
 */
/** Replay with prototypes of the batch that are held apart, and that say which classes to practise. */
@Technique(
    name = "onpro",
    title = "Online Prototype Learning for Online Continual Learning",
    source = "arXiv 2308.00301",
    cost = "twice the steps' rows; keeps as many rows as asked for, and a prototype a class")
public final class OnPro implements Method<OnPro.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows of a reservoir, offered as they arrive
   * @param contrast weight of both contrastive losses, at least 0; default 1
   * @param prototypeTemperature of the equilibrium and of the feedback, above 0; default 0.5
   * @param instanceTemperature of the contrast of rows, above 0; default 0.07
   * @param leftOut share of features that the second view is without, 0 to below 1; default 0.1
   * @param feedback share of the replayed rows that comes from close pairs, 0 to 1; default 0.25
   */
  public record Options(
      GradientOptions training, MemoryOptions kept, double contrast, double prototypeTemperature,
      double instanceTemperature, double leftOut, double feedback) {

    /** Checks the ranges. */
    public Options {
      require(contrast >= 0 && contrast < Double.POSITIVE_INFINITY, "contrast of at least 0", contrast);
      require(prototypeTemperature > 0 && prototypeTemperature < Double.POSITIVE_INFINITY,
          "prototypeTemperature above 0", prototypeTemperature);
      require(instanceTemperature > 0 && instanceTemperature < Double.POSITIVE_INFINITY,
          "instanceTemperature above 0", instanceTemperature);
      require(leftOut >= 0 && leftOut < 1, "leftOut from 0 to below 1", leftOut);
      require(feedback >= 0 && feedback <= 1, "feedback between 0 and 1", feedback);
    }

    private static void require(boolean holds, String expected, double value) {
      if (!holds) {
        throw new UsageException("expected " + expected + ", got " + value);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, MemoryOptions.RESERVOIR, 1, 0.5, 0.07, 0.1, 0.25);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Prototypes(options, context.seed()));
  }

  static final class Prototypes extends Rehearsal {

    private static final long VIEW = 16;
    private static final String PROTOTYPES = "prototypes";

    private final Options options;
    private final long seed;
    private final PairFeedback feedback;
    private float[][] features = new float[0][];

    Prototypes(Options options, long seed) {
      super(options.training(), options.kept(), seed);
      this.options = options;
      this.seed = seed;
      this.feedback = new PairFeedback(options.prototypeTemperature(), seed);
    }

    /** The features of a batch, which its prototypes are made of. */
    @Override
    public boolean notesRows() {
      return true;
    }

    @Override
    public List<Example> replayed(Experience experience, long step) {
      int practised = (int) Math.round(options.feedback() * Math.min(batch(), memory().size()));
      List<Example> rows = new ArrayList<>(feedback.rows(memory(), practised, experience.index(), step));
      drawn(experience, step, batch() - rows.size(), 0).forEach(sample -> rows.add(sample.example()));
      return rows;
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      features = new float[batch.rows().size()][];
      return atValues.get();
    }

    @Override
    public Tensor outputLoss(Batch batch, Part part) {
      Tensor unit = torch.normalize(part.features());
      remember(part, unit);
      Tensor view = torch.normalize(part.features().mul(mask(batch, part)));
      Tensor loss = PrototypeLoss.contrast(unit, view, part.labels(), options.instanceTemperature());
      for (boolean arrived : new boolean[] {true, false}) {
        long[] rows = rows(part, batch.arrived(), arrived);
        if (rows.length > 0) {
          long[] labels = Arrays.stream(rows).map(row -> part.labels()[(int) row]).toArray();
          loss = loss.add(PrototypeLoss.equilibrium(
              Tensors.rows(unit, rows), Tensors.rows(view, rows), labels, options.prototypeTemperature()));
        }
      }
      // Means over the part: times its rows, so that parts weigh as much as they have rows.
      return loss.mul(new Scalar(options.contrast() * part.labels().length));
    }

    private static long[] rows(Part part, int arrived, boolean wanted) {
      int[] positions = part.positions();
      return LongStream.range(0, positions.length)
          .filter(row -> positions[(int) row] < arrived == wanted).toArray();
    }

    private void remember(Part part, Tensor unit) {
      int width = (int) unit.size(1);
      float[] values = Tensors.toFloats(unit.detach());
      for (int i = 0; i < part.positions().length; i++) {
        features[part.positions()[i]] = Arrays.copyOfRange(values, i * width, (i + 1) * width);
      }
    }

    /** 0 where the second view is without a feature, else 1. */
    private Tensor mask(Batch batch, Part part) {
      int width = (int) part.features().size(1);
      int rows = part.positions().length;
      float[] mask = new float[rows * width];
      for (int i = 0; i < rows; i++) {
        var random = CounterRandom.of(seed, VIEW, batch.experience().index(), batch.step(), part.positions()[i]);
        for (int f = 0; f < width; f++) {
          mask[i * width + f] = random.uniform(f) < options.leftOut() ? 0 : 1;
        }
      }
      return Tensors.floats(mask, rows, width);
    }

    @Override
    public void stepped(Batch batch, Model model) {
      super.stepped(batch, model);
      feedback.update(batch.rows(), features);
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<>(super.state());
      parts.add(StatePart.of(PROTOTYPES, Combine.LATEST, feedback.tensors()));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      feedback.restore(LearnerState.part(state, PROTOTYPES));
    }

    @Override
    public long memoryBytes() {
      return super.memoryBytes() + feedback.bytes();
    }
  }
}
