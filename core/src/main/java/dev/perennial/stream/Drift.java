package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * A stream of concepts that give way to each other, cut into experiences of equal size whatever the concept.
 *
 * <p>Where rows name tasks, each task is a concept: a domain of inputs. Where they name none, a concept is a
 * distribution of labels: the classes are cut into even groups, and of a concept's rows a share, the purity, is of
 * its own group, the rest of the others' (exactly, to the rounded row; where one group is larger than all others
 * together, it takes as many rows as they do).
 *
 * <ul>
 *   <li>Sudden: one concept after the other.
 *   <li>Gradual: the same, and around each border, over a width that is a share of a concept's time, the later
 *       concept's probability rises in a straight line, as in {@link Gradual}.
 *   <li>Recurring: all concepts after each other, as many rounds as asked for; each concept's rows are cut among its
 *       rounds, the sizes differing by one at most.
 * </ul>
 *
 * <p>Every row comes once. An experience is evaluated on test rows of its own domains, or of its own classes where
 * concepts are distributions of labels, in the mix of its training rows.
 */
@Arrangement.Named(
    name = "drift",
    what = "the next rows of a stream whose domain, or mix of labels, drifts: suddenly, gradually or to and fro",
    title = "Learning under Concept Drift: A Review",
    source = "arXiv 2004.05785")
public final class Drift implements Arrangement<Drift.Options> {

  /** How a concept gives way to the next. */
  public enum Kind {
    /** From one row to the next. */
    SUDDEN,
    /** By and by. */
    GRADUAL,
    /** Suddenly, and each comes back. */
    RECURRING
  }

  /**
   * The options.
   *
   * @param kind how a concept gives way to the next; default sudden
   * @param concepts how many there are where rows name no tasks, 2 or more; default 2
   * @param purity share of a concept's rows of its own group of classes, 0.1 to 1; default 0.9
   * @param width of a gradual border, 0 to 1; default 0.5
   * @param rounds how often each concept comes where they recur, 2 or more; default 2
   */
  public record Options(Kind kind, int concepts, double purity, double width, int rounds) {

    /** Checks the ranges. */
    public Options {
      if (concepts < 2) {
        throw new UsageException("expected at least 2 concepts, got " + concepts);
      }
      if (!(purity >= 0.1 && purity <= 1)) {
        throw new UsageException("expected a purity between 0.1 and 1, got " + purity);
      }
      if (!(width >= 0 && width <= 1)) {
        throw new UsageException("expected a width between 0 and 1, got " + width);
      }
      if (rounds < 2) {
        throw new UsageException("expected at least 2 rounds, got " + rounds);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(Kind.SUDDEN, 2, 0.9, 0.5, 2);
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.READS_TASKS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    boolean named = Tasks.named(dataset);
    var concepts = named
        ? List.copyOf(Tasks.of(dataset, 0, arrival).values())
        : distributions(options, dataset, arrival);
    var segments = segments(options, dataset.name(), concepts, arrival);
    int count = tasks == 0 ? segments.size() : tasks;
    DomainIncremental.requireRows(dataset, count);
    double width = options.kind() == Kind.GRADUAL ? options.width() : 0;
    var rows = Ramp.mixed(segments, width).stream().map(Ramp.Timed::row).toList();
    var names = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      names.add(DomainIncremental.slice(i));
    }
    Function<Example, String> key = named ? Tasks::of : Example::label;
    return Deal.experiences(names, Arrival.cut(rows, count), dataset.test(), key, arrival);
  }

  /** Rows of each concept, where it is a distribution of labels. */
  private static List<List<Example>> distributions(Options options, Dataset dataset, Arrival arrival) {
    var classes = ByClass.classes(dataset.train());
    if (classes.size() < options.concepts()) {
      throw new UsageException("%s has %d classes to learn and %d concepts are asked for: give concepts=%d or fewer"
          .formatted(dataset.name(), classes.size(), options.concepts(), classes.size()));
    }
    var groups = ByClass.even(dataset.name(), classes, options.concepts(), arrival);
    return Exchange.of(ByClass.dealt(dataset.train(), groups), 1 - options.purity(), arrival);
  }

  /** What comes one after the other: each concept once, or in every round. */
  private static List<List<Example>> segments(
      Options options, String dataset, List<List<Example>> concepts, Arrival arrival) {
    int rounds = options.kind() == Kind.RECURRING ? options.rounds() : 1;
    var segments = new ArrayList<List<Example>>();
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < concepts.size(); i++) {
        var rows = concepts.get(i);
        if (rows.size() < rounds) {
          throw new UsageException("%s has %d rows of concept %d to learn, and %d rounds of it are asked for: %s"
              .formatted(dataset, rows.size(), i + 1, rounds, "give fewer rounds, or more rows"));
        }
        segments.add(Arrival.cut(arrival.rows(rows, Arrival.Use.TRAIN, i), rounds).get(round));
      }
    }
    return segments;
  }
}
