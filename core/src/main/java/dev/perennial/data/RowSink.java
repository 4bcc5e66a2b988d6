package dev.perennial.data;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes what a {@link TableFile} reads. */
interface RowSink {

  /**
   * A row that could be read.
   *
   * @param row its place in the file, from 1: the line on which it starts; in Parquet the row
   * @param cells one for each of {@link Columns#names}; null where the row has none
   */
  void row(Path file, long row, List<@Nullable String> cells);

  /** A row that could not be read, and why. */
  void bad(Path file, long row, String reason);
}
