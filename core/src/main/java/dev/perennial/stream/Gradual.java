package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Class-incremental experiences whose borders are gradual: around each, the later classes' probability rises in a
 * straight line.
 *
 * <p>Of the rows of a group of classes a share of width / 8 comes with the experience before, and as much with the
 * one after, each rounded to a whole row; every row comes once. The rows of an experience arrive in the order of the
 * mix, those of one group by their own order where they have one. An experience is evaluated on test rows of all its
 * classes, in the mix of its training rows.
 */
@Arrangement.Named(
    name = "gradual",
    what = "classes of its own, mixed around its borders with those before and after",
    title = "Task Agnostic Continual Learning Using Online Variational Bayes",
    source = "arXiv 1803.10123")
public final class Gradual implements Arrangement<Gradual.Options> {

  /**
   * The options.
   *
   * @param width of the border over which two groups of classes mix, as a share of an experience, 0 to 1; default 0.5
   */
  public record Options(double width) {

    /** Checks the range. */
    public Options {
      if (!(width >= 0 && width <= 1)) {
        throw new UsageException("expected a width between 0 and 1, got " + width);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(0.5);
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.READS_TASKS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var groups = ByClass.groups(dataset, tasks, arrival);
    var ordered = new ArrayList<List<Example>>();
    for (var rows : ByClass.dealt(dataset.train(), groups)) {
      ordered.add(arrival.rows(rows, Arrival.Use.TRAIN, ordered.size()));
    }
    var train = new ArrayList<List<Example>>();
    groups.forEach(group -> train.add(new ArrayList<>()));
    for (var timed : Ramp.mixed(ordered, options.width())) {
      train.get(Math.min((int) timed.time(), train.size() - 1)).add(timed.row());
    }
    var names = groups.stream().map(ByClass.Group::name).toList();
    return Deal.experiences(names, train, dataset.test(), Example::label, arrival);
  }
}
