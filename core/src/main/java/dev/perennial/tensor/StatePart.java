package dev.perennial.tensor;

import dev.perennial.FailureException;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A named piece of a learner's state: some tensors, and how two workers' copies of it combine.
 *
 * <p>The tensors are views and must stay alive and unchanged until the commit that takes them has returned.
 *
 * @param name what it is called within the state, not empty
 * @param combine how two of them become one
 * @param tensors by name; may be none
 */
public record StatePart(String name, Combine combine, SortedMap<String, TensorData> tensors) {

  /**
   * Copies the map, not the tensors.
   *
   * @throws IllegalArgumentException if the name is empty
   */
  public StatePart {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a state part needs a name");
    }
    tensors = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, TensorData>) tensors));
  }

  /** A part with these tensors in any kind of map. */
  public static StatePart of(String name, Combine combine, Map<String, TensorData> tensors) {
    return new StatePart(name, combine, new TreeMap<>(tensors));
  }

  /** What its tensors take. */
  public long bytes() {
    return tensors.values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
  }

  /**
   * The tensor of that name.
   *
   * @throws FailureException if the part has none
   */
  public TensorData tensor(String tensor) {
    TensorData found = tensors.get(tensor);
    if (found == null) {
      throw new FailureException(
          "part " + name + " has no tensor " + tensor + ", it has " + String.join(", ", tensors.keySet()));
    }
    return found;
  }
}
