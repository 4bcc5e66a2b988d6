package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What a gradient learner minimises beside the task loss, and what it keeps for that.
 *
 * <p>Source: A Unified and General Framework for Continual Learning (arXiv 2403.13249): task loss + divergences in
 * output space (replay, distillation) + divergences in weight space (EWC, L2, ...). The task loss is the
 * cross-entropy over all classes seen so far. A technique overrides what it needs: what an epoch goes over, what is
 * replayed with a batch, a loss on outputs, a gradient on weights, what it does after an experience.
 */
public interface Objective extends AutoCloseable {

  /** The part of the learner that objectives may look at. */
  interface Model {

    /** The classes known, those of the experience that is being learned included. */
    Classes classes();

    /** What is trained, flat. */
    Parameters parameters();

    /** Logits of any inputs with the parameters as they are, {@code [inputs, classes]}, without gradients. */
    Tensor logits(List<Example> examples);

    /**
     * The gradient of the cross-entropy of {@code batch}, flat as the parameters are; valid until the next gradient.
     */
    Tensor taskGradient(List<Example> batch);
  }

  /** The rows that an epoch goes over; by default what arrived. Changes nothing: it may be asked at any time. */
  default List<Example> rows(Experience experience) {
    return experience.train();
  }

  /** Whether every experience starts from untrained parameters. */
  default boolean restarts() {
    return false;
  }

  /**
   * Called before step 0 of an experience, and when a stopped one is taken up again.
   *
   * @param fresh whether this is before step 0
   */
  default void begin(Experience experience, Model model, boolean fresh) {}

  /** Rows of the past that step {@code step} learns with its batch. */
  default List<Example> replayed(Experience experience, long step) {
    return List.of();
  }

  /**
   * A loss on outputs, summed over a worker's rows; null where there is none.
   *
   * @param rows which examples these are
   * @param logits {@code [rows, classes]}, with gradients
   */
  default @Nullable Tensor outputLoss(List<Example> rows, Tensor logits) {
    return null;
  }

  /**
   * Adds the gradient of a penalty on weights.
   *
   * @param values the parameters, flat
   * @param gradient what it is added to, flat
   */
  default void addWeightGradient(Tensor values, Tensor gradient) {}

  /** Steps that the objective takes after the last gradient step of an experience. */
  default long closingSteps(Experience experience) {
    return 0;
  }

  /** One of them. */
  default void closingStep(Experience experience, long step, Model model) {}

  /** Called after the last step of an experience. */
  default void end(Experience experience, Model model) {}

  /** What must be kept to go on. */
  default List<StatePart> state() {
    return List.of();
  }

  /** Takes over what {@link #state} gave. */
  default void restore(Map<String, StatePart> state, List<Experience> past) {}

  /** Bytes kept of the past. */
  default long memoryBytes() {
    return 0;
  }

  @Override
  default void close() {}
}
