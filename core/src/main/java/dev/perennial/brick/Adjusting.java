package dev.perennial.brick;

import dev.perennial.tensor.Parameters;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A brick that changes its own layout while it is trained, or asks something of its tensors beside the loss.
 *
 * <p>What it does at a step depends on the number of the step, the parameters and {@link Brick#fixed} alone, so that
 * training can stop after any step and go on elsewhere.
 */
public interface Adjusting extends Brick {

  /** Told before the gradient of a step is taken: step {@code step} of the {@code steps} of an experience, from 0. */
  default void beforeStep(long step, long steps) {}

  /**
   * Adds to a gradient what the brick asks of its own tensors, and takes away what must not move.
   *
   * @param gradient laid out like the parameters
   */
  default void addGradient(Parameters parameters, Tensor gradient) {}

  /**
   * Told after a step; may change values in place.
   *
   * @return for every parameter 1 where it is what it was, 0 where its meaning has changed, so that an optimiser begins
   *     anew there; laid out like the parameters; null where all are what they were
   */
  default @Nullable Tensor afterStep(long step, long steps, Parameters parameters) {
    return null;
  }

  /** What it has changed of its own layout since it was last asked, in order. */
  default List<Move> moves() {
    return List.of();
  }

  /** The same brick without what was there for its training alone. */
  default SavedBrick settled(SavedBrick saved) {
    return saved;
  }

  /**
   * Parameters of a site that came or went.
   *
   * @param site its name
   * @param rank that it has now
   * @param parameters that it has now
   * @param importance by which that was decided; 0 where nothing was known yet
   * @param why in words
   */
  record Move(String site, int rank, long parameters, double importance, String why) {}
}
