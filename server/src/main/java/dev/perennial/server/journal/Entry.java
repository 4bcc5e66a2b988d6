package dev.perennial.server.journal;

import dev.perennial.FailureException;
import org.jspecify.annotations.Nullable;

/**
 * A line of the journal.
 *
 * @param seq its number, from 1 in the order of writing over all models
 * @param model that it is for
 * @param kind what it says
 * @param source who taught the row; for a removal, whose rows are removed
 * @param text of a row; null where it was given up, and for a removal
 * @param label of a row; empty for a removal
 */
public record Entry(long seq, String model, Kind kind, String source, @Nullable String text, String label) {

  /** What a line says. */
  public enum Kind {
    /** Learn this row. */
    ROW,
    /** Take back what the source has taught before this line. */
    REMOVAL
  }

  /**
   * The text of a row that must still be there.
   *
   * @throws FailureException if it is not, which is damage
   */
  public String requireText() {
    if (text == null) {
      throw new FailureException("expected the text of row " + seq + " in the journal, which is not learned yet, found"
          + " none: the journal is damaged; put a copy of the directory back");
    }
    return text;
  }
}
