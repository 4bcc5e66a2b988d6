package dev.perennial.learn.regularisation;

import dev.perennial.learn.LearnerState;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * penalty = strength / 2 * sum_i F_i (w_i - a_i)²        gradient = strength * F (w - a)
 *
 * A step of plain gradient descent at a rate r overshoots where strength F > 1 / r, and grows from 2 / r on: there
 * strength F is cut to 1 / r, with which a step of the penalty alone ends at the anchor.
 *
 * A sum of such penalties is one: sum_t F_t (w - a_t)² = F (w - a)² + constant, with F = sum_t F_t and a the mean of
 * the a_t weighted by F_t.
 */
/** Old values of the parameters and the importance of each. Parameters that were added since have none. */
final class Anchor implements AutoCloseable {

  private static final String ANCHOR = "anchor";
  private static final String VALUES = "values";
  private static final double LEAST = 1e-30;

  private final String name;
  private final TensorOwner owner = new TensorOwner();
  private @Nullable Tensor importance;
  private @Nullable Tensor values;

  /**
   * One that holds nothing yet.
   *
   * @param name of the importance in the learner's state
   */
  Anchor(String name) {
    this.name = name;
  }

  /** Adds the gradient of the penalty at {@code current}; nothing before anything is held. */
  void addGradient(Tensor current, Tensor gradient, double strength) {
    addGradient(current, gradient, strength, Double.POSITIVE_INFINITY);
  }

  /** The same with {@code strength * F} cut to {@code steepest}, so that steps of a fixed rate do not grow. */
  void addGradient(Tensor current, Tensor gradient, double strength, double steepest) {
    Tensor weights = importance;
    Tensor old = values;
    if (old != null) {
      long known = old.numel();
      Tensor moved = current.narrow(0, 0, known).sub(old);
      Tensor target = gradient.narrow(0, 0, known);
      if (weights == null) {
        Tensors.addScaled(target, moved, Math.min(strength, steepest));
      } else if (Double.isFinite(steepest)) {
        Tensor cut = weights.narrow(0, 0, known).mul(new Scalar(strength)).clamp_max_(new Scalar(steepest));
        target.addcmul_(cut, moved, new Scalar(1));
      } else {
        target.addcmul_(weights.narrow(0, 0, known), moved, new Scalar(strength));
      }
    }
  }

  /** Leaves {@code decay} of the importance, over so many parameters; where there was none it is 0. */
  void decay(long size, double decay) {
    Tensor start = Tensors.zeros(size);
    Tensor old = importance;
    if (old != null) {
      Tensors.addScaled(start.narrow(0, 0, old.numel()), old, decay);
    }
    importance = replaced(old, start);
  }

  /** Adds {@code scale * more}, as long as the parameters are many, to the importance. */
  void add(Tensor more, double scale) {
    Tensors.addScaled(importance(), more, scale);
  }

  /** Holds the parameters where they are. */
  void moveTo(Tensor current) {
    values = replaced(values, current.clone());
  }

  /** Adds the penalty {@code scale * more (w - current)²}: what is held moves to the weighted mean. */
  void add(Tensor more, double scale, Tensor current) {
    Tensor old = values;
    if (old == null) {
      moveTo(current);
    } else if (old.numel() < current.numel()) {
      long known = old.numel();
      values = replaced(old, Tensors.concat(0, old, current.narrow(0, known, current.numel() - known)));
    }
    add(more, scale);
    Tensor share = more.mul(new Scalar(scale)).div_(importance().clamp_min(new Scalar(LEAST)));
    values().addcmul_(share, current.sub(values()), new Scalar(1));
  }

  private Tensor replaced(@Nullable Tensor old, Tensor other) {
    return old == null ? owner.keep(other) : owner.replace(old, other);
  }

  /** The importance of each parameter. */
  Tensor importance() {
    if (importance == null) {
      throw new IllegalStateException("the importance was never begun");
    }
    return importance;
  }

  /** Where the parameters are held. */
  Tensor values() {
    if (values == null) {
      throw new IllegalStateException("nothing is held yet");
    }
    return values;
  }

  /** What must be kept. */
  List<StatePart> state() {
    return List.of(
        StatePart.of(name, Combine.SUM, view(importance)), StatePart.of(ANCHOR, Combine.WEIGHTED_MEAN, view(values)));
  }

  private static Map<String, TensorData> view(@Nullable Tensor tensor) {
    return tensor == null ? Map.of() : Map.of(VALUES, Tensors.view(tensor));
  }

  /** Takes over what {@link #state} gave. */
  void restore(Map<String, StatePart> state) {
    importance = kept(LearnerState.part(state, name));
    values = kept(LearnerState.part(state, ANCHOR));
  }

  private @Nullable Tensor kept(StatePart part) {
    if (part.tensors().isEmpty()) {
      return null;
    }
    try (TensorScope scope = TensorScope.inference()) {
      return owner.keep(Tensors.copyOf(part.tensor(VALUES)));
    }
  }

  /** Bytes of what is held. */
  long bytes() {
    return owner.bytes();
  }

  @Override
  public void close() {
    owner.close();
  }
}
