package dev.perennial.stream;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A builder of streams: it cuts a dataset into experiences as a scenario says.
 *
 * <p>Each training row and each test row of the dataset comes to exactly one experience; validation rows stay out. The
 * training rows of an experience arrive in the order of their {@link Example#order}, those of the same order as the
 * dataset has them; without it they are shuffled by the seed.
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
 */
public final class Streams {

  private Streams() {}

  /**
   * The stream of a dataset, the same for the same arguments; takes time in proportion to the rows, and to sort them.
   *
   * @param tasks how many experiences; where the examples name tasks, as many as those, or 0, which means the same
   * @param seed decides the order of everything that the dataset does not order itself
   * @throws UsageException in one line, if {@code tasks} does not fit, there are fewer classes or rows than tasks, a
   *     task has no training rows or shares a label with another, or some rows have a task or an order and others have
   *     none
   */
  public static Stream of(Dataset dataset, Scenario scenario, int tasks, long seed) {
    boolean named = allOrNone(dataset, Example::task, "a task");
    allOrNone(dataset, Example::order, "an order");
    if (tasks < 0 || (tasks == 0 && !named)) {
      throw new UsageException(
          "%s: the number of tasks is %d, expected 1 or more; give it with --tasks, or a column of tasks with --task"
              .formatted(dataset.name(), tasks));
    }
    var arrival = new Arrival(seed);
    var experiences = switch (scenario) {
      case CLASS_INCREMENTAL, TASK_INCREMENTAL -> named
          ? ByClass.tasks(dataset, Tasks.of(dataset, tasks, arrival), arrival)
          : ByClass.groups(dataset, tasks, arrival);
      case DOMAIN_INCREMENTAL -> named
          ? ByDomain.tasks(dataset, Tasks.of(dataset, tasks, arrival), arrival)
          : ByDomain.slices(dataset, tasks, arrival);
    };
    return new Stream(scenario, experiences);
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
