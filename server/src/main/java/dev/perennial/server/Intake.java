package dev.perennial.server;

import dev.perennial.UsageException;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The way in for rows that are to be learned, whoever they come from: requests, topics, directories, standard input.
 *
 * <p>What {@link #learn} returned for is durable, and is learned exactly once, whatever happens afterwards. The place that
 * a source has come to is made durable together with its rows, in one transaction: a source that begins again asks for
 * {@link #offset} and goes on after it.
 *
 * <p>Safe for use by many threads. Calls that come together share one sync of the disk.
 */
public interface Intake {

  /**
   * A row to learn.
   *
   * @param text not blank
   * @param label the name of its class, not blank; one that is new becomes a class
   */
  record Row(String text, String label) {

    /** Checks that there is something in both. */
    public Row {
      if (text.isBlank() || label.isBlank()) {
        throw new UsageException("expected a text and a label that are not blank, got "
            + (text.isBlank() ? "a blank text" : "a blank label") + ": leave such rows out");
      }
    }
  }

  /**
   * How far a source has come.
   *
   * @param stream what is read, such as {@code kafka:topic/0}; one to a reader
   * @param place up to which its rows have been taken, in the source's own words
   */
  record Offset(String stream, String place) {}

  /**
   * Rows to learn, all or none.
   *
   * @param model the name of the model that learns them; {@code default} for the one of the store itself
   * @param source who teaches, as the audit log names it, and by which it can be removed again
   * @param rows 0 or more; 0 just to move the offset
   * @param key tells a repeated request from a new one; null where it is never repeated
   * @param offset of the source after these rows; null where it has none
   */
  record Lesson(String model, String source, List<Row> rows, @Nullable String key, @Nullable Offset offset) {

    /** Copies the rows. */
    public Lesson {
      rows = List.copyOf(rows);
    }
  }

  /**
   * What was made durable.
   *
   * @param first the number of the first row; 0 where there was none
   * @param last the number of the last row; a prediction whose {@code through} is as high has seen it
   * @param repeated whether the same lesson had been taken before, and nothing was learned again
   */
  record Receipt(long first, long last, boolean repeated) {}

  /**
   * Makes a lesson durable, and returns before it is learned, which is soon. Blocks for the sync of a disk.
   *
   * @throws UsageException if there is no such model, it cannot learn, or the key came with other rows before
   * @throws dev.perennial.FailureException if it could not be made durable, or too much waits to be learned already
   */
  Receipt learn(Lesson lesson);

  /** Where a source stands: the place of its newest offset that is durable; empty for one that was never here. */
  Optional<String> offset(String stream);
}
