package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * What a gradient learner minimises, and what it keeps for that.
 *
 * <p>Source: A Unified and General Framework for Continual Learning (arXiv 2403.13249): task loss + divergences in
 * output space (replay, distillation) + divergences in weight space (EWC, L2, ...). The task loss is the
 * cross-entropy over all classes seen so far. A technique overrides what it needs: what an epoch goes over, what is
 * replayed with a batch, the losses on outputs, the gradient on weights, how the gradient is taken, what is done after
 * a step and after an experience, and how scores come about.
 *
 * <p>{@link #taskLoss} and {@link #outputLoss} are called by several workers at once, each with its own rows: they may
 * read what the objective holds, and write only what belongs to their rows.
 */
public interface Objective extends AutoCloseable {

  /** A loss on outputs: the sum over one worker's rows, a scalar. */
  @FunctionalInterface
  interface Loss {

    /** The sum over the part's rows. */
    Tensor of(Part part);
  }

  /** The part of the learner that objectives may look at. */
  interface Model {

    /** The classes known, those of the experience that is being learned included. */
    Classes classes();

    /** What is trained, flat. The values may be changed in place. */
    Parameters parameters();

    /** Logits of any inputs with the parameters as they are, {@code [inputs, classes]}, without gradients. */
    Tensor logits(List<Example> examples);

    /** What the head is given for any inputs, {@code [inputs, width]}, without gradients. */
    Tensor features(List<? extends Input> inputs);

    /** The head's logits for features that {@link #features} gave, {@code [inputs, classes]}, without gradients. */
    Tensor logitsOf(Tensor features);

    /**
     * The gradient of the cross-entropy of {@code batch}, flat as the parameters are; valid until the next gradient.
     */
    Tensor taskGradient(List<Example> batch);

    /**
     * The gradient of the mean of a loss over the rows of {@code batch}, flat as the parameters are, without dropout;
     * valid until the next gradient.
     */
    Tensor gradient(List<Example> batch, Loss loss);
  }

  /** The rows that an epoch goes over; by default what arrived. Changes nothing: it may be asked at any time. */
  default List<Example> rows(Experience experience) {
    return experience.train();
  }

  /**
   * Whether the losses note what single rows gave, for later: the rows of a batch then all have to go through one
   * learner, and replicas cannot share them out.
   */
  default boolean notesRows() {
    return false;
  }

  /** Whether every experience starts from untrained parameters. */
  default boolean restarts() {
    return false;
  }

  /**
   * Called at step 0 of an experience, before the parameters are laid out for it, so that a backbone whose shape changes
   * with the stream can take its new one. The model's classes already include those of the experience, its parameters
   * are still laid out as before, and there are none before the first experience.
   *
   * @return whether the parameters are laid out anew: those that keep name and size keep their values, and a head for
   *     wider features keeps the columns that it had
   */
  default boolean reshapes(Experience experience, Model model) {
    return false;
  }

  /**
   * Called before step 0 of an experience, and when a stopped one is taken up again.
   *
   * @param fresh whether this is before step 0
   */
  default void begin(Experience experience, Model model, boolean fresh) {}

  /** Rows of the past that step {@code step} learns with its batch. Called once a step, before anything else. */
  default List<Example> replayed(Experience experience, long step) {
    return List.of();
  }

  /** The task loss, summed over a worker's rows; by default the cross-entropy over all classes seen so far. */
  default Tensor taskLoss(Batch batch, Part part) {
    return torch.cross_entropy_loss(part.logits(), part.targets(), new TensorOptional(), 2, -100, 0);
  }

  /** A loss on outputs that is added to it, summed over a worker's rows; null where there is none. */
  default @Nullable Tensor outputLoss(Batch batch, Part part) {
    return null;
  }

  /**
   * The gradient that a step follows, flat as the parameters are. Where {@link AscentOptions} move the parameters before
   * the step it is asked for more than once, and the last one is followed.
   *
   * @param atValues the gradient of the batch's loss at the values that the parameters have when it is asked for; each
   *     time it is asked it overwrites what it gave before. Values that are changed for it must be set back
   */
  default Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
    return atValues.get();
  }

  /**
   * Adds the gradient of a penalty on weights.
   *
   * @param values the parameters, flat
   * @param gradient what it is added to, flat
   */
  default void addWeightGradient(Tensor values, Tensor gradient) {}

  /** Called after the parameters took a step. */
  default void stepped(Batch batch, Model model) {}

  /** Steps that the objective takes after the last gradient step of an experience. */
  default long closingSteps(Experience experience) {
    return 0;
  }

  /** One of them. */
  default void closingStep(Experience experience, long step, Model model) {}

  /** Called after the last step of an experience. */
  default void end(Experience experience, Model model) {}

  /** Scores of any inputs, {@code [inputs, classes]}, where they are not the head's logits; else null. */
  default @Nullable Tensor scores(List<? extends Input> inputs, Model model) {
    return null;
  }

  /** What must be kept to go on. */
  default List<StatePart> state() {
    return List.of();
  }

  /** Takes over what {@link #state} gave, before the parameters are laid out. */
  default void restore(Map<String, StatePart> state, List<Experience> past) {}

  /** Bytes kept of the past. */
  default long memoryBytes() {
    return 0;
  }

  @Override
  default void close() {}
}
