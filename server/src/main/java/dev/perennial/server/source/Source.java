package dev.perennial.server.source;

import java.time.Duration;

/**
 * Where labelled rows come from, in an order that can be taken up again.
 *
 * <p>The model's own commit holds the offset of the last batch that is in it, and nothing else decides where a source
 * goes on: after a crash it is opened at that offset, and gives every row after it once more and none before it. So a
 * row is learned exactly once if its batch is committed as a whole with its offset. What cannot be used is counted, told
 * in one line, and moved past. One thread at a time.
 */
public sealed interface Source extends AutoCloseable permits DirectorySource, KafkaSource, LineSource {

  /**
   * The next rows, without waiting once there are any.
   *
   * @param most rows to return, at least 1
   * @param patience how long to wait for the first
   * @return none where none came; its offset may have moved past rows that could not be used all the same
   */
  Batch poll(int most, Duration patience);

  /**
   * Tells that everything up to an offset is durable in the model's commit.
   *
   * @param offset of a batch of this source
   */
  void committed(String offset);

  /** Whether no row will ever come again. */
  boolean ended();

  /** Rows so far that could not be used. */
  long malformed();

  /** What it is, for people: the topic, the directory. */
  String name();

  @Override
  void close();
}
