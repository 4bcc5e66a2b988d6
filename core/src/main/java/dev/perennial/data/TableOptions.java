package dev.perennial.data;

import dev.perennial.UsageException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which files to read as one table, and what their columns mean.
 *
 * @param files one or more of CSV, JSONL or Parquet, plain or .gz, told apart by name; rows keep this order. Each file
 *     has every column that is asked for
 * @param text the column with the text
 * @param label the column with the name of the class
 * @param split the column that says which part a row belongs to: "test" is evaluated on; "validation",
 *     "valid", "val" and "dev" are for tuning; anything else is learned. Upper and lower case are the
 *     same. Null: a share of each label is held out for testing
 * @param task the column with the name of the task, or null
 * @param order the column with the time, or null: numbers, or timestamps as in ISO 8601 (seconds since 1970, in UTC
 *     where they name no zone)
 * @param holdOut the share of each label's rows that is held out where there is no split column, 0 or more and less
 *     than 1; 0.2 unless given
 * @param maxBadRows how many rows may be left out because they cannot be used before reading fails; 0 unless given
 * @param dropLabels labels whose rows are not wanted; none unless given. Of a row with several labels the others stay
 * @param labelSeparator what stands between the labels of a row that carries several, or null where each carries one
 */
public record TableOptions(
    List<Path> files,
    String text,
    String label,
    @Nullable String split,
    @Nullable String task,
    @Nullable String order,
    double holdOut,
    long maxBadRows,
    List<String> dropLabels,
    @Nullable String labelSeparator) {

  /** The share of each label's rows that is held out unless another is given. */
  public static final double DEFAULT_HOLD_OUT = 0.2;

  /**
   * Copies the lists and checks every component.
   *
   * @throws UsageException if no file is named, text and label are the same column, or a number is out of range
   */
  public TableOptions {
    files = List.copyOf(files);
    dropLabels = List.copyOf(dropLabels);
    if (files.isEmpty()) {
      throw new UsageException("no data file is named: give one or more with --data");
    }
    if (text.equals(label)) {
      throw new UsageException(
          "--text and --label both name the column '" + text + "': the text and its label are two columns");
    }
    if (!(holdOut >= 0 && holdOut < 1)) {
      throw new UsageException("the share to hold out is 0 or more and less than 1, not " + holdOut);
    }
    if (maxBadRows < 0) {
      throw new UsageException("--max-bad-rows is 0 or more, not " + maxBadRows);
    }
    if (labelSeparator != null && labelSeparator.isEmpty()) {
      throw new UsageException(
          "--label-separator is one character or more, not none: leave it out for one label a row");
    }
  }

  /** The text and label columns of some files, and the defaults. */
  public static TableOptions of(List<Path> files, String text, String label) {
    return new TableOptions(files, text, label, null, null, null, DEFAULT_HOLD_OUT, 0, List.of(), null);
  }

  /** The same, with parts as a column says. */
  public TableOptions withSplit(String column) {
    return new TableOptions(files, text, label, column, task, order, holdOut, maxBadRows, dropLabels, labelSeparator);
  }

  /** The same, with tasks as a column says. */
  public TableOptions withTask(String column) {
    return new TableOptions(files, text, label, split, column, order, holdOut, maxBadRows, dropLabels, labelSeparator);
  }

  /** The same, with times as a column says. */
  public TableOptions withOrder(String column) {
    return new TableOptions(files, text, label, split, task, column, holdOut, maxBadRows, dropLabels, labelSeparator);
  }

  /** The same, holding out another share. */
  public TableOptions withHoldOut(double share) {
    return new TableOptions(files, text, label, split, task, order, share, maxBadRows, dropLabels,
        labelSeparator);
  }

  /** The same, leaving out at most so many rows that cannot be used. */
  public TableOptions withMaxBadRows(long count) {
    return new TableOptions(files, text, label, split, task, order, holdOut, count, dropLabels, labelSeparator);
  }

  /** The same, without the rows of some labels. */
  public TableOptions withDropLabels(List<String> labels) {
    return new TableOptions(files, text, label, split, task, order, holdOut, maxBadRows, labels, labelSeparator);
  }

  /** The same, with several labels a row, between which a text stands. */
  public TableOptions withLabelSeparator(String separator) {
    return new TableOptions(files, text, label, split, task, order, holdOut, maxBadRows, dropLabels, separator);
  }
}
