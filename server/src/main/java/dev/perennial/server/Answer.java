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
 * @param recalled whether its best class is another than the model's own, by the error memory
 */
public record Answer(
    String text, List<Candidate> candidates, long snapshot, long through, float[] embedding, boolean recalled) {

  /**
   * One class.
   *
   * @param label its name
   * @param score what speaks for it; comparable within one model only
   */
  public record Candidate(String label, double score) {}

  /** What a model says by itself. */
  public Answer(String text, List<Candidate> candidates, long snapshot, long through, float[] embedding) {
    this(text, candidates, snapshot, through, embedding, false);
  }

  /** Copies the candidates. */
  public Answer {
    candidates = List.copyOf(candidates);
  }
}
