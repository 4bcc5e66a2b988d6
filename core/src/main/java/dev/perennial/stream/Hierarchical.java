package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/*
 * Hierarchical label expansion with one label a row: the first experience has coarse labels, those after it finer and
 * finer ones, each row coming once, under its label of that level.
 */
/**
 * Coarse labels first, then finer ones: experience after experience the labels expand along a hierarchy.
 *
 * <p>The hierarchy is spelled out by the labels ({@code noun.animal} is below {@code noun}), or listed in a file.
 * With L levels and T tasks, the first experience brings the coarsest level, and each finer level comes in (T - 1) /
 * (L - 1) experiences, its labels cut into even groups that the seed decides. A label above the deepest level keeps
 * its name on the levels below it. The rows of a label are dealt out one by one over the levels, so that each level
 * has as many of them to one row; every row comes once. Test rows are dealt likewise: an experience is evaluated on
 * test rows of its own level and classes, under the labels of that level. A coarse row that is given the right finer
 * label counts as wrong; the figures with the task told choose among the labels of one level.
 */
@Arrangement.Named(
    name = "hierarchical",
    what = "coarse labels first, then the finer ones below them",
    title = "Online Continual Learning on Hierarchical Label Expansion",
    source = "arXiv 2308.14374")
public final class Hierarchical implements Arrangement<Hierarchical.Options> {

  /**
   * The options.
   *
   * @param separator what stands between the levels in a label; default a full stop
   * @param parents a file with a line for each label: the label, a tab or a comma, and the label above it; default
   *     none: then labels spell the hierarchy out. Exactly one label stands below nothing, the root, which is never
   *     learned
   */
  public record Options(String separator, String parents) {

    /** Checks the separator. */
    public Options {
      if (separator.isEmpty()) {
        throw new UsageException("expected a separator of at least one character, got none");
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(".", "");
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.COUNTS_ITSELF);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var hierarchy = options.parents().isEmpty()
        ? Hierarchy.ofNames(options.separator())
        : Hierarchy.ofFile(Path.of(options.parents()));
    var paths = new HashMap<String, List<String>>();
    ByClass.classes(dataset.train()).forEach(label -> paths.put(label, hierarchy.path(label)));
    int levels = paths.values().stream().mapToInt(List::size).max().orElse(0);
    int each = perLevel(dataset.name(), levels, tasks);
    var train = relabelled(dataset, levels, paths, arrival);
    var test = levels(dataset.test(), levels, paths, Arrival.Use.TEST, arrival);
    var experiences = new ArrayList<Experience>();
    for (int level = 0; level < levels; level++) {
      var classes = ByClass.classes(train.get(level));
      int parts = level == 0 ? 1 : each;
      if (classes.size() < parts) {
        throw new UsageException("%s has %d labels on level %d, and %d experiences of them are asked for: %s"
            .formatted(dataset.name(), classes.size(), level + 1, parts, "give fewer --tasks"));
      }
      var groups = new ArrayList<ByClass.Group>();
      for (var cut : Arrival.cut(arrival.shuffled(classes, Arrival.Use.CLASSES, level), parts)) {
        groups.add(new ByClass.Group(
            "level " + (level + 1) + (parts == 1 ? "" : ", part " + (groups.size() + 1)), cut));
      }
      var trains = ByClass.dealt(train.get(level), groups);
      var tests = ByClass.dealt(test.get(level), groups);
      for (int i = 0; i < parts; i++) {
        int index = experiences.size();
        experiences.add(new Experience(index, groups.get(i).name(), groups.get(i).classes(),
            arrival.rows(trains.get(i), Arrival.Use.TRAIN, index), tests.get(i)));
      }
    }
    return experiences;
  }

  /** How many experiences a level has that is not the first. */
  private static int perLevel(String dataset, int levels, int tasks) {
    if (levels < 2) {
      throw new UsageException("%s: its labels have one level only, and nothing to expand: %s"
          .formatted(dataset, "name what stands between the levels with separator=, or a file with parents="));
    }
    if (tasks == 0) {
      return 1;
    }
    if (tasks < levels || (tasks - 1) % (levels - 1) != 0) {
      throw new UsageException("%s: its labels have %d levels, and %d tasks are asked for: give --tasks %s"
          .formatted(dataset, levels, tasks, "1 + N * " + (levels - 1) + ", or leave it out"));
    }
    return (tasks - 1) / (levels - 1);
  }

  private static List<List<Example>> relabelled(
      Dataset dataset, int levels, Map<String, List<String>> paths, Arrival arrival) {
    ByLabel.of(dataset.train()).forEach((label, rows) -> {
      if (rows.size() < levels) {
        throw new UsageException("%s has %d rows of the label '%s' to learn, and the hierarchy has %d levels: %s"
            .formatted(dataset.name(), rows.size(), label, levels, "give it a row for each level, or drop it"));
      }
    });
    return levels(dataset.train(), levels, paths, Arrival.Use.LEAVING, arrival);
  }

  /** The rows of each level, under their labels there. */
  private static List<List<Example>> levels(
      List<Example> rows, int levels, Map<String, List<String>> paths, Arrival.Use use, Arrival arrival) {
    var dealt = new ArrayList<List<Example>>();
    for (int level = 0; level < levels; level++) {
      dealt.add(new ArrayList<>());
    }
    int place = 0;
    for (var ofLabel : ByLabel.of(rows).entrySet()) {
      var path = paths.getOrDefault(ofLabel.getKey(), List.of(ofLabel.getKey()));
      int next = place;
      for (Example row : arrival.rows(ofLabel.getValue(), use, place++)) {
        int level = next++ % levels;
        var name = path.get(Math.min(level, path.size() - 1));
        dealt.get(level).add(new Example(row.input(), name, row.task(), row.order()));
      }
    }
    return dealt;
  }
}
