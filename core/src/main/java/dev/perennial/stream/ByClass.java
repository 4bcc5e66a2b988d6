package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;

/** Experiences that each bring classes of their own. */
final class ByClass {

  /** What will be one experience. */
  private record Group(String name, List<String> classes) {}

  private ByClass() {}

  /** One experience a task. */
  static List<Experience> tasks(Dataset dataset, Map<String, List<Example>> tasks, Arrival arrival) {
    var taskOf = new HashMap<String, String>();
    var groups = new ArrayList<Group>();
    tasks.forEach((task, rows) -> {
      var classes = classes(rows);
      for (var label : classes) {
        var other = taskOf.putIfAbsent(label, task);
        if (other != null) {
          throw new UsageException(
              "%s: the label '%s' occurs in the tasks '%s' and '%s', and a label can arrive once only; %s"
                  .formatted(dataset.name(), label, other, task,
                      "use --scenario domain-incremental, or leave out --task"));
        }
      }
      groups.add(new Group(task, classes));
    });
    return experiences(dataset, groups, arrival);
  }

  /** The classes in even groups, one experience a group. */
  static List<Experience> groups(Dataset dataset, int count, Arrival arrival) {
    var classes = arrival.shuffled(classes(dataset.train()), Arrival.Use.CLASSES, 0);
    if (classes.size() < count) {
      throw new UsageException(
          "%s has %d classes to learn and %d tasks are asked for: give --tasks %d or fewer"
              .formatted(dataset.name(), classes.size(), count, classes.size()));
    }
    var groups = new ArrayList<Group>();
    int first = 1;
    for (var group : Arrival.cut(classes, count)) {
      int last = first + group.size() - 1;
      groups.add(new Group(first == last ? "class " + first : "classes " + first + "-" + last, group));
      first = last + 1;
    }
    return experiences(dataset, groups, arrival);
  }

  private static List<Experience> experiences(Dataset dataset, List<Group> groups, Arrival arrival) {
    var groupOf = new HashMap<String, Integer>();
    var train = new ArrayList<List<Example>>();
    var test = new ArrayList<List<Example>>();
    for (int i = 0; i < groups.size(); i++) {
      int index = i;
      groups.get(i).classes().forEach(label -> groupOf.put(label, index));
      train.add(new ArrayList<>());
      test.add(new ArrayList<>());
    }
    deal(dataset.train(), groupOf, train);
    deal(dataset.test(), groupOf, test);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < groups.size(); i++) {
      var group = groups.get(i);
      var rows = arrival.rows(train.get(i), Arrival.Use.TRAIN, i);
      experiences.add(new Experience(i, group.name(), group.classes(), rows, test.get(i)));
    }
    return experiences;
  }

  private static void deal(List<Example> rows, Map<String, Integer> groupOf, List<List<Example>> groups) {
    for (var row : rows) {
      groups.get(Objects.requireNonNull(groupOf.get(row.label()))).add(row);
    }
  }

  /** The labels of some rows, in alphabetical order. */
  static List<String> classes(List<Example> rows) {
    var classes = new TreeSet<String>();
    rows.forEach(row -> classes.add(row.label()));
    return List.copyOf(classes);
  }
}
