package dev.perennial.learn;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.Map;

/** Reads parts and tensors out of a learner's state, and says what is missing. */
public final class LearnerState {

  private LearnerState() {}

  /** The part of that name. */
  public static StatePart part(Map<String, StatePart> state, String name) {
    StatePart part = state.get(name);
    if (part == null) {
      throw new IllegalArgumentException("expected a part " + name + " in the state of a learner, got " + state.keySet());
    }
    return part;
  }

  /** The tensor of that name of a part. */
  public static TensorData tensor(StatePart part, String name) {
    TensorData tensor = part.tensors().get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "expected a tensor " + name + " in the part " + part.name() + ", got " + part.tensors().keySet());
    }
    return tensor;
  }
}
