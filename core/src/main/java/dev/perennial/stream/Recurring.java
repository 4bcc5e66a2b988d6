package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;

/*
 * SCoLe: every experience has k classes drawn at random of all C, so that a class comes back with probability k / C.
 * As a row here comes once, a class's rows are cut among the experiences that it was drawn for; a class that was
 * never drawn takes the place of one that comes more than once. With rounds nothing is drawn but the order.
 */
/**
 * Experiences of a few classes each, drawn anew for each, so that classes come back.
 *
 * <p>Every experience has max(1, round(share * C)) of the C classes; a class that comes m times has its rows cut into
 * m parts, whose sizes differ by one at most. Every class comes at least once, every row exactly once. An experience
 * is evaluated on test rows of its own classes, those of a class being shared out among the experiences that it comes
 * with.
 */
@Arrangement.Named(
    name = "recurring",
    what = "a few classes drawn of all, so that classes come back",
    title = "Challenging Common Assumptions about Catastrophic Forgetting",
    source = "arXiv 2207.04543")
public final class Recurring implements Arrangement<Recurring.Options> {

  /**
   * The options.
   *
   * @param share of all classes that come with an experience: the probability that a class comes back; above 0, at most
   *     1; default 0.2
   * @param rounds 0 to draw classes, the default; otherwise every class comes exactly so many times, once a round, and a
   *     round has as many experiences as any other, whatever the share
   */
  public record Options(double share, int rounds) {

    /** Checks the ranges. */
    public Options {
      if (!(share > 0 && share <= 1)) {
        throw new UsageException("expected a share above 0 and at most 1, got " + share);
      }
      if (rounds < 0) {
        throw new UsageException("expected a number of rounds of at least 0, got " + rounds);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(0.2, 0);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var rows = ByLabel.of(dataset.train());
    var classes = List.copyOf(rows.keySet());
    var drawn = options.rounds() > 0
        ? rounds(dataset.name(), classes, tasks, options.rounds(), arrival)
        : drawn(dataset.name(), classes, tasks, options.share(), arrival);
    return dealt(dataset, rows, drawn, arrival);
  }

  /** Every class once a round, the classes of each round in another order. */
  private static List<TreeSet<String>> rounds(
      String name, List<String> classes, int tasks, int rounds, Arrival arrival) {
    int each = tasks / rounds;
    if (tasks % rounds != 0 || each > classes.size()) {
      throw new UsageException("%s has %d classes to learn, and %d tasks do not make %d rounds of them: %s".formatted(
          name, classes.size(), tasks, rounds, "give rounds times 1 to " + classes.size() + " --tasks"));
    }
    var drawn = new ArrayList<TreeSet<String>>();
    for (int round = 0; round < rounds; round++) {
      Arrival.cut(arrival.shuffled(classes, Arrival.Use.CLASSES, round), each).forEach(cut -> drawn.add(new TreeSet<>(cut)));
    }
    return drawn;
  }

  /** The classes of each experience, drawn anew for each; together all of them. */
  private static List<TreeSet<String>> drawn(
      String name, List<String> classes, int tasks, double share, Arrival arrival) {
    int each = Math.max(1, (int) Math.round(share * classes.size()));
    if ((long) each * tasks < classes.size()) {
      throw new UsageException("%s has %d classes to learn, and %d tasks of %d classes cannot bring them all: %s"
          .formatted(name, classes.size(), tasks, each, "give more --tasks, or a larger share"));
    }
    var drawn = new ArrayList<TreeSet<String>>();
    var count = new TreeMap<String, Integer>();
    classes.forEach(label -> count.put(label, 0));
    for (int i = 0; i < tasks; i++) {
      drawn.add(new TreeSet<>(arrival.shuffled(classes, Arrival.Use.CLASSES, i).subList(0, each)));
      drawn.getLast().forEach(label -> count.merge(label, 1, Integer::sum));
    }
    int next = 0;
    for (String missing : classes.stream().filter(label -> count.getOrDefault(label, 0) == 0).toList()) {
      // There are as many places as classes at least, so while one is missing, another comes twice.
      while (!replaced(drawn.get(next % tasks), missing, count)) {
        next++;
      }
      next++;
    }
    return drawn;
  }

  /** The rows of each class cut among the experiences that it comes with. */
  private static List<Experience> dealt(
      Dataset dataset, SortedMap<String, List<Example>> rows, List<TreeSet<String>> drawn, Arrival arrival) {
    int tasks = drawn.size();
    var classes = List.copyOf(rows.keySet());
    var train = new ArrayList<List<Example>>();
    drawn.forEach(experience -> train.add(new ArrayList<>()));
    for (int c = 0; c < classes.size(); c++) {
      var label = classes.get(c);
      var times = IntStream.range(0, tasks).filter(i -> drawn.get(i).contains(label)).toArray();
      var own = Objects.requireNonNull(rows.get(label));
      if (own.size() < times.length) {
        throw new UsageException("%s has %d rows of the label '%s' to learn, which comes back in %d experiences: %s"
            .formatted(dataset.name(), own.size(), label, times.length, "give fewer --tasks, or a smaller share"));
      }
      var cut = Arrival.cut(arrival.rows(own, Arrival.Use.LEAVING, c), times.length);
      for (int i = 0; i < times.length; i++) {
        train.get(times[i]).addAll(cut.get(i));
      }
    }
    var names = new ArrayList<String>();
    for (int i = 0; i < tasks; i++) {
      train.set(i, arrival.rows(train.get(i), Arrival.Use.TRAIN, i));
      names.add(DomainIncremental.slice(i));
    }
    return Deal.experiences(names, train, dataset.test(), Example::label, arrival);
  }

  /** Puts a class in the place of one that comes elsewhere too, if there is such a one. */
  private static boolean replaced(TreeSet<String> experience, String missing, TreeMap<String, Integer> count) {
    for (String label : experience) {
      if (count.getOrDefault(label, 0) > 1) {
        experience.remove(label);
        experience.add(missing);
        count.merge(label, -1, Integer::sum);
        count.put(missing, 1);
        return true;
      }
    }
    return false;
  }
}
