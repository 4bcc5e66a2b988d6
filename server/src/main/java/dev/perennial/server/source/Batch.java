package dev.perennial.server.source;

import java.util.List;

/**
 * Rows that came together.
 *
 * @param rows in the order of the source; may be none
 * @param offset where the source goes on after them: a line of text that only the source reads, to be kept in the commit
 *     that holds the rows
 */
public record Batch(List<Row> rows, String offset) {

  /** Copies the list. */
  public Batch {
    rows = List.copyOf(rows);
  }
}
