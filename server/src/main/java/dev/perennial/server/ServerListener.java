package dev.perennial.server;

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
}
