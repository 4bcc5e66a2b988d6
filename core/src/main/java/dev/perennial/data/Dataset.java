package dev.perennial.data;

import dev.perennial.UsageException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Labelled rows in three parts, in the order in which their source gave them.
 *
 * @param name what reports call it
 * @param train rows to learn
 * @param validation rows to choose options by; never learned and never reported on
 * @param test rows to report on
 * @param badRows rows that were left out, with the reason of the first of them; 0 where nothing was wrong
 */
public record Dataset(
    String name, List<Example> train, List<Example> validation, List<Example> test, BadRows badRows) {

  /**
   * Copies the lists, and checks that every label can be learned.
   *
   * @throws UsageException if a label occurs among the validation or test rows and not among those to learn
   */
  public Dataset {
    train = List.copyOf(train);
    validation = List.copyOf(validation);
    test = List.copyOf(test);
    var learned = new HashSet<String>();
    train.forEach(example -> learned.addAll(example.labels()));
    checkLearned(name, "test", test, learned);
    checkLearned(name, "validation", validation, learned);
  }

  private static void checkLearned(String name, String part, List<Example> rows, Set<String> learned) {
    for (var example : rows) {
      for (var label : example.labels()) {
        if (!learned.contains(label)) {
          throw new UsageException(
              "%s: label '%s' occurs among the %s rows and not among those to learn; give it rows to learn, or drop it"
                  .formatted(name, label, part));
        }
      }
    }
  }

  /**
   * How many rows of a source could not be used.
   *
   * @param count rows left out
   * @param total rows read, the bad ones included
   * @param first where the first bad row stands and what is wrong with it; empty where {@code count} is 0
   */
  public record BadRows(long count, long total, String first) {

    /** Nothing was wrong with any of {@code total} rows. */
    public static BadRows none(long total) {
      return new BadRows(0, total, "");
    }
  }
}
