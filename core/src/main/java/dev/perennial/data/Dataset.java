package dev.perennial.data;

import java.util.List;

/**
 * Labelled rows in three parts, in the order in which their source gave them.
 *
 * @param name what reports call it
 * @param train rows to learn
 * @param validation rows to choose options by; never learned and never reported on
 * @param test rows to report on; every label among them also occurs in {@code train}
 * @param badRows rows that were left out, with the reason of the first of them; 0 where nothing was wrong
 */
public record Dataset(
    String name, List<Example> train, List<Example> validation, List<Example> test, BadRows badRows) {

  /** Copies the lists. */
  public Dataset {
    train = List.copyOf(train);
    validation = List.copyOf(validation);
    test = List.copyOf(test);
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
