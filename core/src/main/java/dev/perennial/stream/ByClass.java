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

/** Groups of classes, no class in two of them, and experiences that each bring one group. */
final class ByClass {

  /** What will be one experience, or the most of it. */
  record Group(String name, List<String> classes) {}

  private ByClass() {}

  /** The classes of each task where rows name tasks, else the classes in even groups. */
  static List<Group> groups(Dataset dataset, int count, Arrival arrival) {
    return Tasks.named(dataset)
        ? ofTasks(dataset, Tasks.of(dataset, count, arrival))
        : even(dataset.name(), classes(dataset.train()), count, arrival);
  }

  private static List<Group> ofTasks(Dataset dataset, Map<String, List<Example>> tasks) {
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
    return groups;
  }

  /** Classes in even groups, in an order that the seed decides. */
  static List<Group> even(String dataset, List<String> classes, int count, Arrival arrival) {
    requireClasses(dataset, classes.size(), count);
    return named(Arrival.cut(arrival.shuffled(classes, Arrival.Use.CLASSES, 0), count));
  }

  static void requireClasses(String dataset, int classes, int tasks) {
    if (classes < tasks) {
      throw new UsageException(
          "%s has %d classes to learn and %d tasks are asked for: give --tasks %d or fewer"
              .formatted(dataset, classes, tasks, classes));
    }
  }

  /** Groups named by the places of their classes. */
  static List<Group> named(List<List<String>> cut) {
    var groups = new ArrayList<Group>();
    int first = 1;
    for (var group : cut) {
      int last = first + group.size() - 1;
      groups.add(new Group(first == last ? "class " + first : "classes " + first + "-" + last, group));
      first = last + 1;
    }
    return groups;
  }

  /** An experience a group, with all rows of its classes. */
  static List<Experience> experiences(Dataset dataset, List<Group> groups, Arrival arrival) {
    var train = dealt(dataset.train(), groups);
    var test = dealt(dataset.test(), groups);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < groups.size(); i++) {
      var group = groups.get(i);
      var rows = arrival.rows(train.get(i), Arrival.Use.TRAIN, i);
      experiences.add(new Experience(i, group.name(), group.classes(), rows, test.get(i)));
    }
    return experiences;
  }

  /** The rows of each group, in the order in which they stand. */
  static List<List<Example>> dealt(List<Example> rows, List<Group> groups) {
    var groupOf = new HashMap<String, Integer>();
    var dealt = new ArrayList<List<Example>>();
    for (int i = 0; i < groups.size(); i++) {
      int index = i;
      groups.get(i).classes().forEach(label -> groupOf.put(label, index));
      dealt.add(new ArrayList<>());
    }
    for (var row : rows) {
      dealt.get(Objects.requireNonNull(groupOf.get(row.label()))).add(row);
    }
    return dealt;
  }

  /** The labels of some rows, in alphabetical order. */
  static List<String> classes(List<Example> rows) {
    var classes = new TreeSet<String>();
    rows.forEach(row -> classes.add(row.label()));
    return List.copyOf(classes);
  }
}
