package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * What bricks were learned for, as tasks that a brick merged of them can be measured by: for each brick that has a head,
 * the rows whose label its head knows.
 */
public final class ParentTasks {

  private static final int BATCH = 64;

  private final Backbone backbone;
  private final List<Task> tasks = new ArrayList<>();

  /**
   * A task.
   *
   * @param brick that was learned for it
   * @param rows whose label its head knows
   */
  private record Task(SavedBrick brick, SavedBrick.Head head, List<Example> rows) {}

  /**
   * Tasks of bricks.
   *
   * @param bricks by name
   * @param rows not learned from, and not tested on
   * @throws UsageException if no brick has a head that knows a label of the rows
   */
  ParentTasks(Map<String, SavedBrick> bricks, List<Example> rows, Backbone backbone) {
    this.backbone = backbone;
    for (SavedBrick brick : bricks.values()) {
      brick.head().ifPresent(head -> {
        List<Example> own = rows.stream()
            .filter(row -> row.labels().size() == 1 && head.classes().contains(row.label())).toList();
        if (!own.isEmpty()) {
          tasks.add(new Task(brick, head, own));
        }
      });
    }
    if (tasks.isEmpty()) {
      throw new UsageException("expected a brick with a head that knows classes of the validation rows, got none among "
          + String.join(", ", bricks.keySet()) + ": search with bricks that were learned or exported with their heads");
    }
  }

  /** The mean over the tasks of the share of rows that a brick gets right with the head of the task. O(rows). */
  public double score(SavedBrick brick) {
    return tasks.stream().mapToDouble(task -> accuracy(task, brick)).average().orElseThrow();
  }

  /** The mean over the tasks of what the brick that was learned for each reaches. */
  public double single() {
    return tasks.stream().mapToDouble(task -> accuracy(task, task.brick)).average().orElseThrow();
  }

  private double accuracy(Task task, SavedBrick brick) {
    long right = 0;
    for (int from = 0; from < task.rows.size(); from += BATCH) {
      List<Example> batch = task.rows.subList(from, Math.min(from + BATCH, task.rows.size()));
      try (TensorScope scope = TensorScope.inference()) {
        var tensors = new HashMap<String, Tensor>();
        brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
        Pass pass = backbone.pass(backbone.prepare(batch.stream().map(Example::input).toList()));
        Tensor features = pass.pool(
            pass.advance(pass.start(), 0, backbone.blocks(), brick.on(backbone).adaptation(tensors)));
        long[] found = Tensors.toLongs(logits(task.head, features).argmax(new LongOptional(1), false));
        for (int row = 0; row < found.length; row++) {
          right += task.head.classes().get((int) found[row]).equals(batch.get(row).label()) ? 1 : 0;
        }
      }
    }
    return (double) right / task.rows.size();
  }

  /** {@code W f + b}; of a cosine head what orders classes as it does, {@code W f} with rows of length 1. */
  private static Tensor logits(SavedBrick.Head head, Tensor features) {
    Tensor weight = Tensors.copyOf(head.weight());
    TensorData bias = head.bias();
    if (bias == null) {
      Tensor lengths = weight.square().sum(new long[] {1}).sqrt().clamp_min(new Scalar(1e-12));
      return features.mm(weight.div(lengths.unsqueeze(1)).t());
    }
    return features.mm(weight.t()).add(Tensors.copyOf(bias));
  }
}
