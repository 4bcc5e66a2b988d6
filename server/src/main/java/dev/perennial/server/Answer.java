package dev.perennial.server;

import java.util.List;

/**
 * What a model says of a text.
 *
 * @param text it was asked for
 * @param candidates the classes that score highest, best first
 * @param snapshot the number of the snapshot that was asked
 * @param through the number of the last row that the snapshot has seen; 0 before any
 * @param embedding of the text by the backbone's last block; empty where the technique shows none. Not to be changed
 */
public record Answer(String text, List<Candidate> candidates, long snapshot, long through, float[] embedding) {

  /**
   * One class.
   *
   * @param label its name
   * @param score what speaks for it; comparable within one model only
   */
  public record Candidate(String label, double score) {}

  /** Copies the candidates. */
  public Answer {
    candidates = List.copyOf(candidates);
  }
}
