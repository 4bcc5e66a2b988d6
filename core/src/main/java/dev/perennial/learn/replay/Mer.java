package dev.perennial.learn.replay;

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
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Meta-experience replay (Learning to Learn without Forgetting, arXiv 1810.11910) in the efficient form of Revisiting
 * Replay and Gradient Alignment (arXiv 2508.01908): steps on batches of new and replayed rows, and after every k of them
 * a step of Reptile,
 *   w <- w0 + reptile (w - w0),   w0 <- w
 * where w0 is what the parameters were k steps before. To first order this follows the gradients of the k batches and
 * raises the products of each two of them: it aligns what is new with what is old. The last steps of an experience, if
 * fewer than k, end with such a step too.
 */
/** Replay whose steps are drawn back, every few of them, towards where they began. */
@Technique(
    name = "mer",
    title = "Revisiting Replay and Gradient Alignment for Continual Pre-Training of Large Language Models",
    source = "arXiv 2508.01908",
    cost = "twice the steps' rows; keeps as many rows as asked for, and a copy of the parameters")
public final class Mer implements Method<Mer.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows of a reservoir, offered as they arrive
   * @param interval steps between two of Reptile, the paper's k, 1 to 1 million; default 10
   * @param reptile share of the way that is kept, above 0 to 1; default 0.5. With 1 it is replay
   */
  public record Options(GradientOptions training, MemoryOptions kept, int interval, double reptile) {

    /** Checks the ranges. */
    public Options {
      if (interval < 1 || interval > 1_000_000) {
        throw new UsageException("expected interval between 1 and 1000000 steps, got " + interval);
      }
      if (!(reptile > 0 && reptile <= 1)) {
        throw new UsageException("expected reptile above 0 and at most 1, got " + reptile);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, MemoryOptions.RESERVOIR, 10, 0.5);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Reptile(options, context.seed()));
  }

  static final class Reptile extends Rehearsal {

    private static final String ANCHOR = "anchor";
    private static final String VALUES = "values";

    private final int interval;
    private final double reptile;
    private final TensorOwner owner = new TensorOwner();
    private @Nullable Tensor anchor;

    Reptile(Options options, long seed) {
      super(options.training(), options.kept(), seed);
      this.interval = options.interval();
      this.reptile = options.reptile();
    }

    /** Before the first step of an experience, once the parameters have grown. */
    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      if (fresh) {
        Tensor now = model.parameters().values().clone();
        Tensor old = anchor;
        anchor = old == null ? owner.keep(now) : owner.replace(old, now);
      }
    }

    @Override
    public void stepped(Batch batch, Model model) {
      super.stepped(batch, model);
      if ((batch.step() + 1) % interval == 0) {
        drawBack(model.parameters().values());
      }
    }

    @Override
    public void end(Experience experience, Model model) {
      // Where the last step was one of Reptile already, nothing is left of the way.
      drawBack(model.parameters().values());
      super.end(experience, model);
    }

    private void drawBack(Tensor values) {
      Tensor start = anchor;
      if (start == null) {
        throw new IllegalStateException("an experience begins before it steps");
      }
      Tensor way = values.sub(start);
      start.add_(way, new Scalar(reptile));
      values.copy_(start);
    }

    @Override
    public List<StatePart> state() {
      Tensor start = anchor;
      var parts = new ArrayList<>(super.state());
      parts.add(StatePart.of(
          ANCHOR, Combine.WEIGHTED_MEAN, start == null ? Map.of() : Map.of(VALUES, Tensors.view(start))));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      Map<String, TensorData> kept = LearnerState.part(state, ANCHOR).tensors();
      TensorData values = kept.get(VALUES);
      if (values != null) {
        try (TensorScope scope = TensorScope.inference()) {
          anchor = owner.keep(Tensors.copyOf(values));
        }
      }
    }

    @Override
    public long memoryBytes() {
      return super.memoryBytes() + owner.bytes();
    }

    @Override
    public void close() {
      owner.close();
    }
  }
}
