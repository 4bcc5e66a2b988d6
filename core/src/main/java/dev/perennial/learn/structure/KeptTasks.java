package dev.perennial.learn.structure;

import dev.perennial.learn.LearnerState;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Float32 tensors that a technique keeps of each task, in the order of the tasks, one after another in one flat tensor.
 * What is kept of a task never changes.
 */
final class KeptTasks implements AutoCloseable {

  private final String prefix;
  private final TensorOwner owner = new TensorOwner();
  private final List<List<Slot>> tasks = new ArrayList<>();
  private Tensor flat;
  private long size;

  private record Slot(String name, long[] shape, long offset, long length) {}

  /**
   * None.
   *
   * @param prefix what the names of the parts of its state begin with
   */
  KeptTasks(String prefix) {
    this.prefix = prefix;
    try (TensorScope scope = TensorScope.inference()) {
      this.flat = owner.keep(Tensors.zeros(0));
    }
  }

  /** Copies the tensors of one more task. O(all that is kept). */
  void add(Map<String, Tensor> tensors) {
    var slots = new ArrayList<Slot>();
    var parts = new ArrayList<Tensor>();
    parts.add(flat);
    new TreeMap<>(tensors).forEach((name, tensor) -> {
      slots.add(new Slot(name, tensor.shape(), size, tensor.numel()));
      parts.add(tensor.reshape(-1));
      size += tensor.numel();
    });
    tasks.add(slots);
    flat = owner.replace(flat, Tensors.concat(0, parts.toArray(new Tensor[0])));
  }

  /** How many tasks there are. */
  int size() {
    return tasks.size();
  }

  /** Views of what is kept of a task, by name, in the open scope. */
  Map<String, Tensor> of(int task) {
    var views = new LinkedHashMap<String, Tensor>();
    for (Slot slot : tasks.get(task)) {
      views.put(slot.name, flat.narrow(0, slot.offset, slot.length).view(slot.shape));
    }
    return views;
  }

  long bytes() {
    return size * Float.BYTES;
  }

  /** A part for each task. */
  List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    try (TensorScope scope = TensorScope.inference()) {
      for (int task = 0; task < tasks.size(); task++) {
        var tensors = new LinkedHashMap<String, TensorData>();
        of(task).forEach((name, view) -> tensors.put(name, Tensors.view(view)));
        parts.add(StatePart.of(prefix + task, Combine.WEIGHTED_MEAN, tensors));
      }
    }
    return parts;
  }

  /** Takes over what {@link #state} gave. */
  void restore(Map<String, StatePart> state) {
    Map<String, StatePart> own = LearnerState.under(prefix, state);
    try (TensorScope scope = TensorScope.inference()) {
      for (int task = 0; task < own.size(); task++) {
        var tensors = new LinkedHashMap<String, Tensor>();
        LearnerState.part(own, String.valueOf(task)).tensors()
            .forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
        add(tensors);
      }
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
