package dev.perennial.measure;

import java.util.ArrayList;
import java.util.List;

/**
 * The evaluations of a run so far, one after each experience: all that its accuracy figures are made of.
 *
 * <p>It is immutable, and written into the store with each commit, so that a resumed run keeps its past.
 *
 * @param evaluations in the order of the stream; the test rows of an experience are the same in all of them
 */
public record AccuracyHistory(List<Evaluation> evaluations) {

  /** Nothing evaluated yet. */
  public static final AccuracyHistory EMPTY = new AccuracyHistory(List.of());

  /** Copies the evaluations and checks that they follow each other. */
  public AccuracyHistory {
    evaluations = List.copyOf(evaluations);
    for (int i = 0; i < evaluations.size(); i++) {
      Evaluation evaluation = evaluations.get(i);
      if (evaluation.after() != i) {
        throw new IllegalArgumentException(
            "evaluation " + i + " must be after experience " + i + ", not " + evaluation.after());
      }
      for (int j = 0; j < i; j++) {
        requireSameRows(evaluations.get(j).cells().get(j), evaluation.cells().get(j));
      }
    }
  }

  /** This history and one more evaluation. */
  public AccuracyHistory with(Evaluation next) {
    var all = new ArrayList<>(evaluations);
    all.add(next);
    return new AccuracyHistory(all);
  }

  /** The evaluation after the last experience. */
  public Evaluation last() {
    if (evaluations.isEmpty()) {
      throw new IllegalStateException("nothing was evaluated yet");
    }
    return evaluations.getLast();
  }

  /** The history as one line of JSON; the same history gives the same text. */
  public String toJson() {
    return Json.line(this);
  }

  /**
   * Reads what {@link #toJson()} wrote.
   *
   * @throws dev.perennial.FailureException where the text is not a history
   */
  public static AccuracyHistory fromJson(String json) {
    return Json.read(json, AccuracyHistory.class, "the accuracy history");
  }

  private static void requireSameRows(Cell first, Cell later) {
    if (!first.rowsByClass().equals(later.rowsByClass())) {
      throw new IllegalArgumentException("the test rows of experience " + first.experience() + " have changed");
    }
  }
}
