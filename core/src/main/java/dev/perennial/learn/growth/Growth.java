package dev.perennial.learn.growth;

import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.data.Input;
import dev.perennial.grow.Evidence;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a technique adds to a learner that grows: how new an experience is to the bricks, which bricks act on a row, and what
 * is done with the brick that learns.
 */
interface Growth extends AutoCloseable {

  /** The part of the learner that techniques look at. */
  interface Model {

    GrowthOptions options();

    Keys keys();

    Shelf shelf();

    GatedNetwork network();

    /** Features of inputs with bricks acting on each row by as much as {@code gates} say, {@code [inputs, width]}. */
    Tensor features(List<? extends Input> inputs, Tensor gates);

    /** The analytic head's scores for them, {@code [inputs, classes]}. */
    Tensor scores(List<? extends Input> inputs, Tensor gates);
  }

  /** How new an experience is to the bricks, of which there is at least one. Its rows are not among the keys yet. */
  Evidence evidence(Rows rows, Model model);

  /**
   * Called when it is decided which brick learns, before its first step.
   *
   * @param live the number of the brick; -1 where none learns
   * @param fresh whether it has learned nothing before
   */
  default void begin(Rows rows, Model model, int live, boolean fresh) {}

  /** Whether the brick that learns acts alone while it does. */
  default boolean alone() {
    return true;
  }

  /** Whether the analytic head learns what the bricks make of the rows. */
  default boolean analytic() {
    return true;
  }

  /** Tensors with which a new brick begins, by name; empty for small random ones that change nothing. */
  default Map<String, Tensor> beginning(Model model) {
    return Map.of();
  }

  /** Adds what is trained beside the brick and the head's rows. */
  default void addTo(Parameters parameters, Model model) {}

  /**
   * How much each brick acts on each row, {@code [rows, bricks]}.
   *
   * @param frozen features of the backbone alone, {@code [rows, width]}
   * @param trained what {@link #addTo} added, while a brick learns, else nothing
   */
  Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model);

  /**
   * The same for rows that are being learned, whose brick is known.
   *
   * @param brick the number of the brick that learned them; -1 where none did
   */
  default Tensor learningGates(Tensor frozen, int brick, Model model) {
    return gates(frozen, Map.of(), model);
  }

  /** What acts at a site. By default every rank is let through by the gate of its brick. */
  default SiteFunction at(Site site, Tensor down, Tensor up, Tensor gates, Model model) {
    return new Gated(down, up, gates, model.options().scale());
  }

  /** A loss beside that of the task for all rows of a batch, a scalar; null where there is none. */
  default @Nullable Tensor loss(Rows batch, Map<String, Tensor> trained, Model model) {
    return null;
  }

  /** Called after each step of the brick. */
  default void stepped(Parameters parameters, Tensor gradient, Model model) {}

  /** Called when the brick has learned, while its parameters are still there; it may still change them. */
  default void learned(Experience experience, Parameters parameters, int live, long[] classes, Model model) {}

  /** Called after the head has learned: the last that is done in an experience. */
  default void ended(Experience experience, Model model) {}

  /** One brick took in another of a larger number; the numbers above it have fallen by one. */
  default void merged(int kept, int gone) {}

  /** Scores of inputs, {@code [inputs, classes]}. */
  default Tensor scores(List<? extends Input> inputs, int classes, Model model) {
    return model.scores(inputs, gates(model.network().frozen(inputs), Map.of(), model));
  }

  /** Numbers that a new brick and so many new classes take beside the brick and the head. */
  default long newNumbers(int classes) {
    return 0;
  }

  /** Bytes of the past that a new brick of so many numbers takes. */
  default long newBytes(long brickNumbers) {
    return 0;
  }

  /** Numbers that are trained and kept beside bricks and head. */
  default long parameters() {
    return 0;
  }

  /** Bytes kept of the past. */
  default long memoryBytes() {
    return 0;
  }

  /** What must be kept to go on. */
  default Map<String, TensorData> state() {
    return Map.of();
  }

  /** Takes over what {@link #state} gave. */
  default void restore(StatePart part) {}

  @Override
  default void close() {}
}
