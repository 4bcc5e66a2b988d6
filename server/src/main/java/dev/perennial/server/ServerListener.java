package dev.perennial.server;

import dev.perennial.server.drift.Signal;
import java.util.List;

/**
 * Hears what a server does, for what watches it: caches, detectors of drift, pages.
 *
 * <p>Called on the threads that do the work, in the order of the events of one model; a listener returns at once and
 * throws nothing.
 */
public interface ServerListener {

  /**
   * A model's predictions are made from a new snapshot from now on.
   *
   * @param snapshot counts up from 1 while the model is loaded
   * @param through the number of the last row that it has seen
   */
  default void published(String model, long snapshot, long through) {}

  /**
   * A row is about to be learned; it was not seen by the snapshot until now.
   *
   * @param embedding of the text, by the backbone's last block
   * @param predicted what the model would have said; empty where it knew no class
   */
  default void learning(String model, Intake.Row row, float[] embedding, String predicted) {}

  /** Texts were predicted. */
  default void predicted(String model, List<Answer> answers) {}

  /** Predictions were given ids, by which their labels can follow; ids and answers go together. */
  default void answered(String model, List<String> ids, List<Answer> answers) {}

  /**
   * A lesson is durable; predictions have seen it from the snapshot on whose {@code through} is as high.
   *
   * @param last the number of its last row
   */
  default void acknowledged(String model, long last) {}

  /** Rows were learned, and this is what each detector of drift came to with the last of them. */
  default void watched(String model, List<Signal> signals) {}

  /** What a source had taught was taken back. */
  default void removed(String model, String source, int rows) {}

  /**
   * A model's store holds what it has learned.
   *
   * @param commit the number of the commit
   * @param through the number of the last row that is in it
   */
  default void committed(String model, long commit, long through) {}
}
