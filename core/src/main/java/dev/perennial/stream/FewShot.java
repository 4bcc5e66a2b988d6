package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A base experience of many classes with all their rows, then sessions of few new classes with few rows each.
 *
 * <p>Every session has as many classes as ways, and of each as many rows as shots: the first by their order, or drawn
 * by the seed. Those rows come once; the other rows of the sessions' classes are left out, and with a given number of
 * base classes the classes beyond are too. An experience is evaluated on all test rows of its own classes.
 */
@Arrangement.Named(
    name = "few-shot",
    what = "first the base classes with all rows, then N new classes (ways) of K rows (shots) each",
    title = "Few-Shot Class-Incremental Learning",
    source = "arXiv 2004.10956")
public final class FewShot implements Arrangement<FewShot.Options> {

  /**
   * The options.
   *
   * @param base number of classes of the first experience, 0 for all that the sessions leave; default 0
   * @param ways number of new classes of a session, 1 or more; default 5
   * @param shots number of rows of each of them, 1 or more; default 5
   */
  public record Options(int base, int ways, int shots) {

    /** Checks the ranges. */
    public Options {
      if (base < 0 || ways < 1 || shots < 1) {
        throw new UsageException(
            "expected a base of at least 0 classes, and ways and shots of at least 1, got %d, %d and %d"
                .formatted(base, ways, shots));
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(0, 5, 5);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var classes = arrival.shuffled(ByClass.classes(dataset.train()), Arrival.Use.CLASSES, 0);
    long few = (long) (tasks - 1) * options.ways();
    if (few + Math.max(1, options.base()) > classes.size()) {
      throw new UsageException(
          "%s has %d classes to learn, and %d tasks need %d: %d of the first, and %d sessions of %d; %s".formatted(
              dataset.name(), classes.size(), tasks, few + Math.max(1, options.base()), Math.max(1, options.base()),
              tasks - 1, options.ways(), "give fewer --tasks, ways or base classes"));
    }
    int base = options.base() == 0 ? (int) (classes.size() - few) : options.base();
    var cut = new ArrayList<List<String>>();
    cut.add(classes.subList(0, base));
    for (int i = 1; i < tasks; i++) {
      int from = base + (i - 1) * options.ways();
      cut.add(classes.subList(from, from + options.ways()));
    }
    var groups = ByClass.named(cut);
    return ByClass.experiences(reduced(options, dataset, groups, arrival), groups, arrival);
  }

  /** The dataset with the rows that come only. */
  private static Dataset reduced(Options options, Dataset dataset, List<ByClass.Group> groups, Arrival arrival) {
    var shots = new HashMap<String, Integer>();
    groups.getFirst().classes().forEach(label -> shots.put(label, Integer.MAX_VALUE));
    groups.subList(1, groups.size())
        .forEach(session -> session.classes().forEach(label -> shots.put(label, options.shots())));
    var train = new ArrayList<Example>();
    int place = 0;
    for (var rows : ByLabel.of(dataset.train()).entrySet()) {
      int wanted = shots.getOrDefault(rows.getKey(), 0);
      int there = rows.getValue().size();
      if (wanted < Integer.MAX_VALUE && wanted > there) {
        throw new UsageException(
            "%s has %d rows of the label '%s' to learn, and %d shots are asked for: give shots=%d or fewer, or drop it"
                .formatted(dataset.name(), there, rows.getKey(), wanted, there));
      }
      train.addAll(arrival.rows(rows.getValue(), Arrival.Use.SHOTS, place++).subList(0, Math.min(wanted, there)));
    }
    return new Dataset(dataset.name(), train, List.of(), ofClasses(dataset.test(), shots), dataset.badRows());
  }

  private static List<Example> ofClasses(List<Example> rows, Map<String, Integer> shots) {
    return rows.stream().filter(row -> shots.containsKey(row.label())).toList();
  }
}
