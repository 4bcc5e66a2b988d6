package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What bricks were learned for, as tasks that a brick merged of them can be measured by: for each brick that has a head,
 * the rows whose label its head knows.
 */
public final class ParentTasks {

  private final List<Task> tasks = new ArrayList<>();

  /**
   * A task.
   *
   * @param brick that was learned for it
   * @param rows whose label its head knows
   */
  private record Task(SavedBrick brick, SavedBrick.Head head, MeasuredRows rows) {

    double accuracy(SavedBrick measured) {
      return rows.score(measured, head).accuracy();
    }
  }

  /**
   * Tasks of bricks.
   *
   * @param bricks by name
   * @param rows not learned from
   * @param workers that measure
   * @throws UsageException if no brick has a head that knows a label of the rows
   */
  public ParentTasks(Map<String, SavedBrick> bricks, List<Example> rows, Backbone backbone, Workers workers) {
    for (SavedBrick brick : bricks.values()) {
      brick.head().ifPresent(head -> {
        List<Example> own = rows.stream()
            .filter(row -> row.labels().size() == 1 && head.classes().contains(row.label())).toList();
        if (!own.isEmpty()) {
          tasks.add(new Task(brick, head, new MeasuredRows(own, backbone, workers)));
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
    return tasks.stream().mapToDouble(task -> task.accuracy(brick)).average().orElseThrow();
  }

  /** The mean over the tasks of what the brick that was learned for each reaches. */
  public double single() {
    return tasks.stream().mapToDouble(task -> task.accuracy(task.brick)).average().orElseThrow();
  }
}
