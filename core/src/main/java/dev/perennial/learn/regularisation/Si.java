package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
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
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * Continual Learning Through Synaptic Intelligence (arXiv 1703.04200):
 *   penalty = strength * sum_i O_i (w_i - w*_i)²      gradient = 2 strength * O (w - w*)
 *   o <- o - g * (change of w), at every step: what the parameter took off the loss, g without the penalty's part
 *   O <- O + max(o, 0) / ((w - w*)² + damping),   w* <- w,   o <- 0, after every experience
 * w* are the parameters when the experience began. Parameters that are new to it have O = 0.
 */
/** Holds each parameter near its old value, the more, the more it took off the loss on its way there. */
@Technique(
    name = "si",
    title = "Continual Learning Through Synaptic Intelligence",
    source = "arXiv 1703.04200",
    cost = "nothing beside the training; keeps three numbers a parameter while it learns, two after")
public final class Si implements Method<Si.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param strength of the penalty, at least 0; default 1
   * @param damping added to the square of the way that a parameter went, above 0; default 0.1
   */
  public record Options(GradientOptions training, double strength, double damping) {

    /** Checks the ranges. */
    public Options {
      Strength.require("strength", strength);
      if (!(damping > 0) || Double.isInfinite(damping)) {
        throw new UsageException("expected a damping above 0, got " + damping);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 1, 0.1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Penalty(options));
  }

  static final class Penalty implements Objective {

    private static final String PATH = "path";
    private static final String VALUES = "values";

    private final Options options;
    private final Anchor anchor = new Anchor("importance");
    private final TensorOwner owner = new TensorOwner();
    private @Nullable Tensor path;
    private @Nullable Tensor followed;
    private @Nullable Tensor before;

    Penalty(Options options) {
      this.options = options;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      Tensor values = model.parameters().values();
      if (fresh) {
        anchor.decay(values.numel(), 1);
        anchor.moveTo(values);
        path = owner.keep(Tensors.zeros(values.numel()));
      }
      followed = owner.keep(Tensors.zeros(values.numel()));
      before = owner.keep(values.clone());
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      Tensor gradient = atValues.get();
      begun(followed).copy_(gradient);
      return gradient;
    }

    @Override
    public void addWeightGradient(Tensor values, Tensor gradient) {
      anchor.addGradient(values, gradient, 2 * options.strength, options.training().optimisation().steepest());
    }

    @Override
    public void stepped(Batch batch, Model model) {
      Tensor values = model.parameters().values();
      Tensor start = begun(before);
      begun(path).addcmul_(begun(followed), values.sub(start), new Scalar(-1));
      start.copy_(values);
    }

    @Override
    public void end(Experience experience, Model model) {
      Tensor way = model.parameters().values().sub(anchor.values());
      anchor.add(
          begun(path).clamp_min(new Scalar(0)).div_(way.square_().add_(new Scalar(options.damping))), 1);
      anchor.moveTo(model.parameters().values());
      owner.close();
      path = null;
      followed = null;
      before = null;
    }

    private static Tensor begun(@Nullable Tensor tensor) {
      if (tensor == null) {
        throw new IllegalStateException("an experience is begun before a step is taken");
      }
      return tensor;
    }

    @Override
    public List<StatePart> state() {
      var parts = new ArrayList<StatePart>(anchor.state());
      Tensor current = path;
      Map<String, TensorData> kept = current == null ? Map.of() : Map.of(VALUES, Tensors.view(current));
      parts.add(StatePart.of(PATH, Combine.SUM, kept));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      anchor.restore(state);
      StatePart part = LearnerState.part(state, PATH);
      if (!part.tensors().isEmpty()) {
        try (TensorScope scope = TensorScope.inference()) {
          path = owner.keep(Tensors.copyOf(part.tensor(VALUES)));
        }
      }
    }

    @Override
    public long memoryBytes() {
      Tensor current = path;
      return anchor.bytes() + (current == null ? 0 : current.nbytes());
    }

    @Override
    public void close() {
      anchor.close();
      owner.close();
    }
  }
}
