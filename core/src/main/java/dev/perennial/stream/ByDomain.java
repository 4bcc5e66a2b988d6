package dev.perennial.stream;

import static java.util.stream.Collectors.groupingBy;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Experiences that each may bring any class. */
final class ByDomain {

  private ByDomain() {}

  /** One experience a task. */
  static List<Experience> tasks(Dataset dataset, Map<String, List<Example>> tasks, Arrival arrival) {
    var tests = dataset.test().stream().collect(groupingBy(Tasks::of));
    var experiences = new ArrayList<Experience>();
    tasks.forEach((task, rows) -> {
      int index = experiences.size();
      var train = arrival.rows(rows, Arrival.Use.TRAIN, index);
      var test = tests.getOrDefault(task, List.of());
      experiences.add(new Experience(index, task, ByClass.classes(train), train, test));
    });
    return experiences;
  }

  /** The rows in even slices, one experience a slice. */
  static List<Experience> slices(Dataset dataset, int count, Arrival arrival) {
    if (dataset.train().size() < count) {
      throw new UsageException(
          "%s has %d rows to learn and %d tasks are asked for: give --tasks %d or fewer"
              .formatted(dataset.name(), dataset.train().size(), count, dataset.train().size()));
    }
    var train = Arrival.cut(arrival.rows(dataset.train(), Arrival.Use.TRAIN, 0), count);
    var test = Arrival.cut(arrival.rows(dataset.test(), Arrival.Use.TEST, 0), count);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < count; i++) {
      var classes = ByClass.classes(train.get(i));
      experiences.add(new Experience(i, "slice " + (i + 1), classes, train.get(i), test.get(i)));
    }
    return experiences;
  }
}
