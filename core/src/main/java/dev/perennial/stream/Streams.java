package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.stream.Arrangement.Trait;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A builder of streams: it has a dataset arranged into experiences as a scenario says.
 *
 * <p>In the class-, task- and domain-incremental scenarios each training row and each test row of the dataset comes to
 * exactly one experience; validation rows stay out. The training rows of an experience arrive in the order of their
 * {@link Example#order}, those of the same order as the dataset has them; without it they are shuffled by the seed.
 *
 * <p>Where the examples name a task, each task is an experience. The tasks come by the earliest order among their
 * training rows, or without it shuffled by the seed.
 *
 * <ul>
 *   <li>Class- and task-incremental: each label belongs to one task, and its test rows go there.
 *   <li>Domain-incremental: a test row goes to the task that it names.
 * </ul>
 *
 * <p>Where they name none, there are as many experiences as asked for, as even as can be: sizes differ by one at most,
 * the larger come first.
 *
 * <ul>
 *   <li>Class- and task-incremental: the classes, shuffled by the seed, are cut into groups.
 *   <li>Domain-incremental: the training rows, in order or shuffled by the seed, are cut into slices, and the test rows
 *       likewise.
 * </ul>
 *
 * <p>The other scenarios are told in the classes that arrange them. Where experiences share classes, each is evaluated
 * on test rows of its own classes: those of a class are shared out in proportion to its training rows, so that every
 * test row still counts once.
 */
public final class Streams {

  private Streams() {}

  /**
   * The stream of a dataset, the same for the same arguments; takes time in proportion to the rows, and to sort them.
   *
   * @param tasks how many experiences; where the examples name tasks, as many as those, or 0, which means the same; 0
   *     too where the scenario counts them itself
   * @param seed decides the order of everything that the dataset does not order itself
   * @throws UsageException in one line, if there is no such scenario, {@code tasks} does not fit, there are fewer
   *     classes or rows than the scenario needs, a task has no training rows or shares a label with another, some rows
   *     have a task or an order and others have none, or rows have tasks or several labels and the scenario takes none
   */
  public static Stream of(Dataset dataset, Scenario scenario, int tasks, long seed) {
    return new Stream(scenario, experiences(dataset, scenario, tasks, seed));
  }

  /** The experiences of a scenario, for one that is made of another. */
  static List<Experience> experiences(Dataset dataset, Scenario scenario, int tasks, long seed) {
    Scenarios.Choice<?> choice = Scenarios.load().choose(scenario);
    boolean named = allOrNone(dataset, Example::task, "a task");
    allOrNone(dataset, Example::order, "an order");
    if (tasks < 0 || (tasks == 0 && !named && !choice.has(Trait.COUNTS_ITSELF))) {
      throw new UsageException(
          "%s: the number of tasks is %d, expected 1 or more; give it with --tasks, or a column of tasks with --task"
              .formatted(dataset.name(), tasks));
    }
    if (named && !choice.has(Trait.READS_TASKS)) {
      throw new UsageException("%s: its rows name tasks, and the scenario %s makes experiences of its own: "
          .formatted(dataset.name(), scenario.id()) + "leave out --task, and give --tasks");
    }
    boolean sets = dataset.train().stream().anyMatch(row -> row.labels().size() > 1);
    if (sets && !choice.has(Trait.LABEL_SETS)) {
      throw new UsageException("%s: some rows carry several labels, and the scenario %s takes one a row: "
          .formatted(dataset.name(), scenario.id()) + "use --scenario multi-label, or leave out --label-separator");
    }
    return choice.experiences(dataset, tasks, seed);
  }

  /** Whether the rows have a property; refuses a dataset in which some have it and some do not. */
  private static boolean allOrNone(Dataset dataset, Function<Example, @Nullable Object> property, String what) {
    var rows = new ArrayList<>(dataset.train());
    rows.addAll(dataset.test());
    long with = rows.stream().filter(example -> property.apply(example) != null).count();
    if (with != 0 && with != rows.size()) {
      throw new UsageException(
          "%s: %d of %d rows have %s, expected all or none; complete that column, or leave it out"
              .formatted(dataset.name(), with, rows.size(), what));
    }
    return with != 0;
  }
}
