package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Another scenario's experiences, whose rows arrive once and in small pieces.
 *
 * <p>Each piece is an experience to the learner, which may look at it once: techniques that have an option epochs
 * make one pass, and what they keep of the past they take from the pieces before. The last piece of an experience has
 * its test rows, and is evaluated; so the figures are those of the other scenario's experiences.
 */
@Arrangement.Named(
    name = "online",
    what = "a few rows of another scenario's experience, each once; techniques make one pass",
    title = "Online Continual Learning in Image Classification: An Empirical Survey",
    source = "arXiv 2101.10423")
public final class Online implements Arrangement<Online.Options> {

  /**
   * The options.
   *
   * @param chunk rows of a piece, 1 to 1000000; default 32
   * @param of the scenario whose experiences are cut, with its default options; default class-incremental
   */
  public record Options(int chunk, String of) {

    /** Checks the range. */
    public Options {
      if (chunk < 1 || chunk > 1_000_000) {
        throw new UsageException("expected a chunk between 1 and 1000000 rows, got " + chunk);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(32, "class-incremental");
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.ONE_PASS, Trait.READS_TASKS, Trait.COUNTS_ITSELF, Trait.LABEL_SETS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var other = Scenario.of(options.of());
    if (other.taskTold() || Scenarios.load().choose(other).has(Trait.ONE_PASS)) {
      throw new UsageException("expected of=SCENARIO for the scenario online, one that neither tells the task nor is"
          + " online itself, got " + other.id() + ": of=class-incremental reports the figures with the task told too");
    }
    var pieces = new ArrayList<Experience>();
    for (var experience : Streams.experiences(dataset, other, tasks, seed)) {
      if (experience.test().isEmpty()) {
        throw new UsageException("%s: the experience %s has no test rows: hold out more rows, or ask for fewer tasks"
            .formatted(dataset.name(), experience.name()));
      }
      int rows = experience.train().size();
      int count = Math.ceilDiv(rows, options.chunk());
      for (int i = 0; i < count; i++) {
        var train = experience.train().subList(i * options.chunk(), Math.min((i + 1) * options.chunk(), rows));
        boolean last = i == count - 1;
        pieces.add(new Experience(
            pieces.size(), last ? experience.name() : experience.name() + ", piece " + (i + 1) + " of " + count,
            present(experience.classes(), train), train, last ? experience.test() : List.of()));
      }
    }
    return pieces;
  }

  /** The classes that some rows carry, in their order. */
  private static List<String> present(List<String> classes, List<Example> rows) {
    var carried = Set.copyOf(ByClass.classes(rows));
    return classes.stream().filter(carried::contains).toList();
  }
}
