package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.grow.Evidence;
import dev.perennial.grow.GradientConflict;
import dev.perennial.grow.PrototypeDistance;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/*
 * Large Continual Instruction Assistant (arXiv 2410.10868): a brick that learns on becomes an exponential moving average over
 * the experiences, whose weight follows from gradients and parameters,
 *   theta* = beta theta_before + (1 - beta) theta_after
 * The paper finds beta by expanding the loss in the weights; so it is here, tensor by tensor, with d = theta_after -
 * theta_before, and the squares of the gradients, F, for the curvature: the old loss rises by (1 - beta)² d F_old d / 2, the new
 * one by beta² d F_new d / 2, and their sum is least at
 *   beta = d F_old d / (d F_old d + d F_new d)
 * F adds up over all steps that a brick ever took, so that what learned long gives way slowly. An experience nearer to a
 * brick's class means than a limit retrains that brick; any other makes a new one. Rows go to the brick of the nearest class.
 * The signal may also be the conflict between what the brick's classes and the new ones ask of it.
 */
/** Retrains the brick of the nearest task as a moving average that gradients weigh, or makes a new one. */
@Technique(
    name = "balanced-ema",
    title = "Large Continual Instruction Assistant",
    source = "arXiv 2410.10868",
    cost = "the steps of plain training; keeps bricks, squared gradients of each, sums, class means and no sample")
public final class BalancedEma implements Method<BalancedEma.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held
   * @param signal by which an experience is held against bricks; default distance
   * @param expand of the signal, 0 to 2, above which a new brick is made; default 0.6
   */
  public record Options(GrowthOptions growth, Signal signal, double expand) {

    /** Checks the range. */
    public Options {
      if (!(expand >= 0 && expand <= 2)) {
        throw new UsageException("expected expand between 0 and 2, got " + expand);
      }
    }
  }

  /** What an experience is held against bricks by. */
  public enum Signal {
    /** The mean distance of rows to a brick's nearest class mean, 0 to 2. */
    DISTANCE("distance to the nearest class") {
      @Override
      double of(Rows rows, Tensor prototypes) {
        return PrototypeDistance.mean(rows.frozen(), prototypes);
      }
    },
    /** How far the gradients for the brick's classes and for the new ones oppose each other, 0 to 1; 0.5 is neither way. */
    CONFLICT("conflict of gradients") {
      @Override
      double of(Rows rows, Tensor prototypes) {
        return GradientConflict.between(prototypes, rows.means());
      }
    };

    private final String words;

    Signal(String words) {
      this.words = words;
    }

    abstract double of(Rows rows, Tensor prototypes);
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, Signal.DISTANCE, 0.6);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("expand", "0.4", "0.6", "0.8");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(options.growth(), context, new Averages(options));
  }

  static final class Averages implements Growth {

    private final Options options;
    /** Of each brick, the squares of all its gradients, tensor after tensor. */
    private final List<float[]> curvatures = new ArrayList<>();
    private float[] gathered = new float[0];

    Averages(Options options) {
      this.options = options;
    }

    @Override
    public Evidence evidence(Rows rows, Model model) {
      int nearest = 0;
      double least = 2;
      for (int brick = 0; brick < model.shelf().size(); brick++) {
        if (model.keys().classesOf(brick).length > 0) {
          double distance = options.signal.of(rows, model.keys().prototypes(brick));
          if (distance < least) {
            least = distance;
            nearest = brick;
          }
        }
      }
      return new Evidence(options.signal.words, least, -1, options.expand, nearest);
    }

    @Override
    public void begin(Rows rows, Model model, int live, boolean fresh) {
      if (live >= 0) {
        int numbers = Math.toIntExact(model.shelf().numbers(live));
        gathered = new float[numbers];
        if (fresh) {
          curvatures.add(new float[numbers]);
        }
      }
    }

    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      int bricks = model.shelf().size();
      return bricks == 0
          ? Tensors.zeros(frozen.size(0), 0)
          : Gates.oneHot(Gates.best(model.keys().likeness(frozen, bricks)), bricks);
    }

    @Override
    public Tensor learningGates(Tensor frozen, int brick, Model model) {
      return brick < 0 ? gates(frozen, Map.of(), model) : Gates.all(frozen.size(0), brick, model.shelf().size());
    }

    @Override
    public void stepped(Parameters parameters, Tensor gradient, Model model) {
      // The brick's tensors come first.
      float[] values = Tensors.toFloats(gradient.narrow(0, 0, gathered.length));
      for (int i = 0; i < values.length; i++) {
        gathered[i] += values[i] * values[i];
      }
    }

    @Override
    public void learned(Experience experience, Parameters parameters, int live, long[] classes, Model model) {
      float[] old = curvatures.get(live);
      int offset = 0;
      for (Map.Entry<String, Tensor> before : model.shelf().of(live).entrySet()) {
        Tensor after = parameters.view(parameters.values(), before.getKey());
        float[] from = Tensors.toFloats(before.getValue());
        float[] to = Tensors.toFloats(after);
        double beta = beta(from, to, old, gathered, offset);
        for (int i = 0; i < to.length; i++) {
          to[i] = (float) (beta * from[i] + (1 - beta) * to[i]);
        }
        after.copy_(Tensors.floats(to, after.shape()));
        offset += to.length;
      }
      for (int i = 0; i < old.length; i++) {
        old[i] += gathered[i];
      }
      gathered = new float[0];
    }

    /** The weight of what was there before; 0 where nothing is known of either. */
    static double beta(float[] before, float[] after, float[] old, float[] fresh, int offset) {
      double kept = 0;
      double moved = 0;
      for (int i = 0; i < before.length; i++) {
        double d = after[i] - before[i];
        kept += d * d * old[offset + i];
        moved += d * d * fresh[offset + i];
      }
      return kept + moved > 0 ? kept / (kept + moved) : 0;
    }

    /** A merged brick resists as both did together, as far as their numbers can be told apart. */
    @Override
    public void merged(int kept, int gone) {
      float[] other = curvatures.remove(gone);
      float[] one = curvatures.get(kept);
      for (int i = 0; i < one.length; i++) {
        one[i] += other[i];
      }
    }

    @Override
    public long newBytes(long brickNumbers) {
      return 2 * brickNumbers * Float.BYTES;
    }

    @Override
    public long memoryBytes() {
      return curvatures.stream().mapToLong(curvature -> (long) curvature.length * Float.BYTES).sum()
          + (long) gathered.length * Float.BYTES;
    }

    @Override
    public Map<String, TensorData> state() {
      var tensors = new HashMap<String, TensorData>();
      tensors.put("gathered", TensorData.of(gathered, gathered.length));
      for (int brick = 0; brick < curvatures.size(); brick++) {
        tensors.put("curvature." + brick, TensorData.of(curvatures.get(brick), curvatures.get(brick).length));
      }
      return tensors;
    }

    @Override
    public void restore(StatePart part) {
      gathered = part.tensor("gathered").floats();
      for (int brick = 0; brick < part.tensors().size() - 1; brick++) {
        curvatures.add(part.tensor("curvature." + brick).floats());
      }
    }
  }
}
