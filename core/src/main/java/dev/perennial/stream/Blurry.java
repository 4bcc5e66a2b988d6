package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/*
 * Blurry-M: of the rows of an experience, M % are of classes that are at home in other experiences.
 */
/**
 * Class-incremental experiences with blurred borders: each exchanges a share of its rows for rows of the others'
 * classes.
 *
 * <p>Of the n rows of an experience exactly round(share * n) come from the others (but where one experience is larger
 * than all others together, it takes as many as they do); it keeps its size, and every row comes once. An experience
 * is evaluated on test rows of all its classes, in the mix of its training rows.
 */
@Arrangement.Named(
    name = "blurry",
    what = "classes of its own, and a share of rows of the other experiences' classes",
    title = "Rainbow Memory: Continual Learning with a Memory of Diverse Samples",
    source = "arXiv 2103.17230")
public final class Blurry implements Arrangement<Blurry.Options> {

  /**
   * The options.
   *
   * @param share of an experience's rows that are of other experiences' classes, 0 to 0.9; default 0.1
   */
  public record Options(double share) {

    /** Checks the range. */
    public Options {
      if (!(share >= 0 && share <= 0.9)) {
        throw new UsageException("expected a share between 0 and 0.9, got " + share);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(0.1);
  }

  @Override
  public Set<Trait> traits() {
    return Set.of(Trait.READS_TASKS);
  }

  @Override
  public List<Experience> experiences(Options options, Dataset dataset, int tasks, long seed) {
    var arrival = new Arrival(seed);
    var groups = ByClass.groups(dataset, tasks, arrival);
    if (groups.size() < 2 && options.share() > 0) {
      throw new UsageException(
          "%s: 1 task is asked for, and there is nothing to exchange rows with: give --tasks 2 or more, or share=0"
              .formatted(dataset.name()));
    }
    var exchanged = Exchange.of(ByClass.dealt(dataset.train(), groups), options.share(), arrival);
    var train = new ArrayList<List<Example>>();
    for (int i = 0; i < exchanged.size(); i++) {
      train.add(arrival.rows(exchanged.get(i), Arrival.Use.TRAIN, i));
    }
    var names = groups.stream().map(ByClass.Group::name).toList();
    return Deal.experiences(names, train, dataset.test(), Example::label, arrival);
  }
}
