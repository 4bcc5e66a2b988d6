package dev.perennial.data;

import static java.util.stream.Collectors.joining;

import dev.perennial.FailureException;
import dev.perennial.UsageException;

/**
 * A reader of labelled text from tables: CSV, JSONL and Parquet files, plain or gzip, as one dataset.
 *
 * <p>Every cell is read as text, so a label {@code 007} stays {@code 007}. Rows keep the order of the files and of the
 * rows in them. A row without text, label, task or order (where asked for), one that cannot be parsed, and one with
 * bytes that are not UTF-8 in a column that is asked for is bad: it is counted and left out. Blank lines are no rows.
 */
public final class Tables {

  private Tables() {}

  /**
   * Reads the files.
   *
   * @param seed decides which rows are held out where no column says so
   * @return train, validation and test rows, and how many rows were bad; takes time and memory in proportion to the
   *     files
   * @throws UsageException in one line, if a file is missing, empty, of another kind or damaged, a column is missing, a
   *     label occurs in test or validation rows only, no row is left to learn or to test on, or more rows are bad than
   *     the options allow
   * @throws FailureException in one line, if a file cannot be read to its end
   */
  public static Dataset read(TableOptions options, long seed) {
    var columns = Columns.of(options);
    var rows = new RowCollector(columns, options.dropLabels(), options.labelSeparator());
    for (var path : options.files()) {
      long before = rows.total();
      TableFile.at(path).read(columns, rows);
      if (rows.total() == before) {
        throw new UsageException(path + " has no rows: expected some with the columns " + columns.described());
      }
    }
    var bad = rows.badRows();
    if (bad.count() > options.maxBadRows()) {
      throw new UsageException(
          "%d of %d rows cannot be used, the first at %s; repair them, or leave them out with --max-bad-rows %d"
              .formatted(bad.count(), bad.total(), bad.first(), bad.count()));
    }
    rows.checkDropped();
    var parts = options.split() == null ? rows.parts().heldOut(options.holdOut(), seed) : rows.parts();
    check(options, parts, bad);
    return new Dataset(name(options), parts.train(), parts.validation(), parts.test(), bad);
  }

  private static void check(TableOptions options, Parts parts, Dataset.BadRows bad) {
    if (parts.train().isEmpty()) {
      throw new UsageException(
          "%s: no row is left to learn (%d read, %d of them bad, %d for validation, %d for test); give rows to learn"
              .formatted(
                  name(options), bad.total(), bad.count(), parts.validation().size(), parts.test().size()));
    }
    if (parts.test().isEmpty() && options.split() != null) {
      throw new UsageException(
          "%s: no row's column '%s' says test; mark some, or leave out --split to hold out a share of each label"
              .formatted(name(options), options.split()));
    }
    if (parts.test().isEmpty() && options.holdOut() > 0) {
      throw new UsageException(
          "%s: no label has rows enough to hold out a share of %s; give more rows a label, or a column with --split"
              .formatted(name(options), options.holdOut()));
    }
  }

  private static String name(TableOptions options) {
    return options.files().stream().map(path -> path.getFileName().toString()).collect(joining("+"));
  }
}
