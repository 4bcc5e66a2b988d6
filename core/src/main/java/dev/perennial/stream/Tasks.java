package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/** The tasks that a dataset's rows name, in the order in which they arrive. */
final class Tasks {

  private Tasks() {}

  /** Whether a dataset's rows name tasks. */
  static boolean named(Dataset dataset) {
    return dataset.train().stream().anyMatch(row -> row.task() != null);
  }

  /** The task of a row whose dataset names tasks. */
  static String of(Example row) {
    return Objects.requireNonNull(row.task());
  }

  /**
   * The training rows of each task, the tasks in the order in which they arrive.
   *
   * @param expected how many tasks there are, or 0 for any number
   */
  static Map<String, List<Example>> of(Dataset dataset, int expected, Arrival arrival) {
    var rows = new LinkedHashMap<String, List<Example>>();
    for (var task : ordered(dataset, arrival)) {
      rows.put(task, new ArrayList<>());
    }
    dataset.train().forEach(row -> Objects.requireNonNull(rows.get(of(row))).add(row));
    if (expected != 0 && expected != rows.size()) {
      throw new UsageException(
          "%s: %d tasks are asked for, and its rows name %d; give --tasks %d, or leave it or --task out"
              .formatted(dataset.name(), expected, rows.size(), rows.size()));
    }
    for (var row : dataset.test()) {
      if (!rows.containsKey(of(row))) {
        throw new UsageException(
            "%s: the task '%s' has test rows and no training rows; give it some, or take its test rows out"
                .formatted(dataset.name(), row.task()));
      }
    }
    return rows;
  }

  private static List<String> ordered(Dataset dataset, Arrival arrival) {
    if (dataset.train().stream().anyMatch(row -> row.order() != null)) {
      return arrival.rows(dataset.train(), Arrival.Use.TASKS, 0).stream().map(Tasks::of).distinct().toList();
    }
    var sorted = new TreeSet<String>();
    dataset.train().forEach(row -> sorted.add(of(row)));
    return arrival.shuffled(List.copyOf(sorted), Arrival.Use.TASKS, 0);
  }
}
