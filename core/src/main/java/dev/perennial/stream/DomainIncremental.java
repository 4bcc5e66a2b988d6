package dev.perennial.stream;

import static java.util.stream.Collectors.groupingBy;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Experiences that each may bring any class, and are evaluated on the test rows of their own domain. */
@Arrangement.Named(
    name = "domain-incremental",
    what = "any class, from another domain of inputs: the one that a --task column names, or another slice of the rows",
    title = "Three scenarios for continual learning",
    source = "arXiv 1904.07734")
public final class DomainIncremental implements Arrangement<DomainIncremental.Options> {

  /** There are none. */
  public record Options() {}

  @Override
  public Options defaults() {
    return new Options();
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.READS_TASKS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    return Tasks.named(dataset)
        ? tasks(dataset, Tasks.of(dataset, tasks, arrival), arrival)
        : slices(dataset, tasks, arrival);
  }

  /** One experience a task. */
  private static List<Experience> tasks(Dataset dataset, Map<String, List<Example>> tasks, Arrival arrival) {
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
  private static List<Experience> slices(Dataset dataset, int count, Arrival arrival) {
    requireRows(dataset, count);
    var train = Arrival.cut(arrival.rows(dataset.train(), Arrival.Use.TRAIN, 0), count);
    var test = Arrival.cut(arrival.rows(dataset.test(), Arrival.Use.TEST, 0), count);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < count; i++) {
      var classes = ByClass.classes(train.get(i));
      experiences.add(new Experience(i, slice(i), classes, train.get(i), test.get(i)));
    }
    return experiences;
  }

  static void requireRows(Dataset dataset, int tasks) {
    if (dataset.train().size() < tasks) {
      throw new UsageException(
          "%s has %d rows to learn and %d tasks are asked for: give --tasks %d or fewer"
              .formatted(dataset.name(), dataset.train().size(), tasks, dataset.train().size()));
    }
  }

  /** What an experience is called that no task and no classes name. */
  static String slice(int index) {
    return "slice " + (index + 1);
  }
}
