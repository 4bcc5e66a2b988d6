package dev.perennial.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is left of bricks that were learned apart when they are merged.
 *
 * @param machine what it was measured on
 * @param data that the bricks were learned on
 * @param tasks bricks that are merged
 * @param options of learning that are not the usual ones
 * @param rows to learn of a class at most, 0 for all
 * @param tuneRows validation rows of a class at most by which numbers were chosen
 * @param testRows of a class at most, 0 for all
 * @param trials recipes that each search tried
 * @param seeds in the order in which they ran
 */
record MergeFigures(Machine machine, String data, int tasks, Map<String, String> options, int rows, int tuneRows,
    int testRows, int trials, List<Seed> seeds) {

  /** Copies the list. */
  MergeFigures {
    seeds = List.copyOf(seeds);
  }

  /**
   * One order of classes, with bricks of its own.
   *
   * @param single mean accuracy over the tasks on test rows, each with its own brick and head
   * @param bare the same with the heads and no brick at all
   * @param mergers in the order in which they ran
   */
  record Seed(long seed, double single, double bare, List<Merger> mergers) {

    /** Copies the list. */
    Seed {
      mergers = List.copyOf(mergers);
    }
  }

  /**
   * A way to merge.
   *
   * @param name of the method, or of the search
   * @param numbers that were chosen on validation rows, where they are not the usual ones
   * @param usual mean accuracy on validation rows with the usual numbers
   * @param validation mean accuracy on validation rows with the chosen numbers
   * @param accuracy mean over the tasks on test rows of the merged brick with each task's head
   * @param share of the mean accuracy of the single bricks
   */
  record Merger(String name, String numbers, double usual, double validation, double accuracy, double share) {}

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "numbers of seed " + seeds.getFirst().seed, "validation", "test", "/ single", "worst");
    List<String> names = seeds.getFirst().mergers.stream().map(Merger::name)
        .sorted(Comparator.comparingDouble((String name) -> -share(name))).toList();
    for (String name : names) {
      List<Merger> runs = runs(name);
      table.row(name, runs.getFirst().numbers,
          percent(runs.stream().mapToDouble(Merger::validation).average().orElseThrow()),
          percent(runs.stream().mapToDouble(Merger::accuracy).average().orElseThrow()), share3(share(name)),
          share3(runs.stream().mapToDouble(Merger::share).min().orElseThrow()));
    }
    double single = seeds.stream().mapToDouble(Seed::single).average().orElseThrow();
    double bare = seeds.stream().mapToDouble(Seed::bare).average().orElseThrow();
    return String.join(System.lineSeparator(),
        "merge: " + tasks + " bricks of " + data + ", seeds " + String.join(", ",
            seeds.stream().map(seed -> Long.toString(seed.seed)).toList())
            + "; mean accuracy over the tasks, each with its own head",
        machine.line(), "", table.text(), "",
        "single bricks " + percent(single) + ", the heads with no brick " + percent(bare) + " ("
            + share3(bare / single) + ")",
        "best merger / single bricks: " + names.getFirst() + " " + share3(share(names.getFirst())));
  }

  private List<Merger> runs(String name) {
    var runs = new ArrayList<Merger>();
    seeds.forEach(seed -> seed.mergers.stream().filter(merger -> merger.name.equals(name)).forEach(runs::add));
    return runs;
  }

  private double share(String name) {
    return runs(name).stream().mapToDouble(Merger::share).average().orElseThrow();
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static String share3(double share) {
    return String.format(Locale.ROOT, "%.3f", share);
  }
}
