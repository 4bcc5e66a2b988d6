package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Answer;
import dev.perennial.server.Answer.Candidate;
import java.util.List;
import org.junit.jupiter.api.Test;

final class PendingErrorsTest {

  private static final float[] HERE = {1, 0};
  private static final float[] ELSEWHERE = {0, 1};

  /** Scores whose softmax at 0.1 is 0.75 and 0.25. */
  private static Answer said(float[] embedding, long through) {
    double second = 0.9 - 0.1 * Math.log(3);
    return new Answer("text", List.of(new Candidate("a", 0.9), new Candidate("b", second)), 1, through, embedding);
  }

  private static PendingErrors withAnError(long row) {
    var errors = new PendingErrors(10);
    errors.store("m", row, said(HERE, 4), "b", () -> 4);
    return errors;
  }

  @Test
  void correct_atTheSamePlace_isTheClosedForm_andItsScoresAreOnTheModelsScale() {
    Answer corrected = withAnError(5).correct("m", said(HERE, 4), 9);
    // The weight is 1, and of the error 1 / (1 + 0.1) counts.
    double share = 1 / 1.1;
    double a = 0.75 - 0.75 * share;
    double b = 0.25 + 0.75 * share;
    assertTrue(corrected.recalled());
    assertEquals(List.of("b", "a"), corrected.candidates().stream().map(Candidate::label).toList());
    double normaliser = 0.9 - 0.1 * Math.log(0.75);
    assertEquals(normaliser + 0.1 * Math.log(b), corrected.candidates().getFirst().score(), 1e-6);
    assertEquals(normaliser + 0.1 * Math.log(a), corrected.candidates().getLast().score(), 1e-6);
    assertEquals(1, withAnError(5).correct("m", said(HERE, 4), 1).candidates().size());
  }

  @Test
  void correct_farAway_ofAnotherModel_orByARowThatTheSnapshotHasSeen_isWhatWasSaid() {
    PendingErrors errors = withAnError(5);
    for (Answer same : List.of(errors.correct("m", said(ELSEWHERE, 4), 9), errors.correct("other", said(HERE, 4), 9),
        errors.correct("m", said(HERE, 5), 9))) {
      assertFalse(same.recalled());
      assertEquals(said(HERE, 4).candidates(), same.candidates());
    }
  }

  @Test
  void published_aSnapshotThatHasLearnedTheRow_endsItsError_andOnlyThat() {
    PendingErrors errors = withAnError(5);
    errors.store("m", 7, said(ELSEWHERE, 4), "b", () -> 4);
    errors.published("m", 2, 4);
    errors.published("other", 2, 9);
    assertEquals(2, errors.size());
    errors.published("m", 3, 6);
    assertEquals(1, errors.size());
    assertFalse(errors.correct("m", said(HERE, 4), 1).recalled());
    assertTrue(errors.correct("m", said(ELSEWHERE, 6), 1).recalled());
    errors.published("m", 4, 7);
    assertTrue(errors.isEmpty("m"));
  }

  @Test
  void store_aRowThatIsLearnedByNow_keepsNothing() {
    var errors = new PendingErrors(10);
    errors.store("m", 5, said(HERE, 4), "b", () -> 5);
    assertTrue(errors.isEmpty("m"));
  }
}
