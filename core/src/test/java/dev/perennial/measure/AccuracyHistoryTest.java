package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AccuracyHistoryTest {

  @Test
  void tally_countedRowByRow_isTheCell() {
    var tally = new Tally(2);
    tally.count("b", "b", "b");
    tally.count("b", "a", "b");
    tally.count("a", "b", "b");
    Cell cell = tally.cell();
    assertEquals(2, cell.experience());
    assertEquals(List.of("a", "b"), List.copyOf(cell.byClass().keySet()));
    assertEquals(new ClassCount(1, 0, 0, new TreeMap<>(Map.of("b", 1L))), cell.byClass().get("a"));
    assertEquals(new ClassCount(2, 1, 2, new TreeMap<>(Map.of("a", 1L))), cell.byClass().get("b"));
    assertEquals(List.of(3L, 1L, 2L), List.of(cell.rows(), cell.correct(), cell.correctMasked()));
  }

  @Test
  void with_next_leavesTheEarlierHistoryAsItWas() {
    AccuracyHistory one = AccuracyHistory.EMPTY.with(Histories.BY_HAND.evaluations().getFirst());
    AccuracyHistory two = one.with(Histories.BY_HAND.evaluations().get(1));
    assertEquals(0, AccuracyHistory.EMPTY.evaluations().size());
    assertEquals(1, one.evaluations().size());
    assertEquals(1, two.last().after());
  }

  @Test
  void with_evaluationOutOfTurn_isRefused() {
    Evaluation second = Histories.BY_HAND.evaluations().get(1);
    assertThrows(IllegalArgumentException.class, () -> AccuracyHistory.EMPTY.with(second));
    AccuracyHistory one = AccuracyHistory.EMPTY.with(Histories.BY_HAND.evaluations().getFirst());
    assertThrows(IllegalArgumentException.class, () -> one.with(one.last()));
  }

  @Test
  void with_otherTestRowsThanBefore_isRefused() {
    var one = AccuracyHistory.EMPTY.with(new Evaluation(0, List.of(Histories.cell(0, "a", 10, 9, 9))));
    var more = new Evaluation(1, List.of(Histories.cell(0, "a", 11, 9, 9), Histories.cell(1, "b", 5, 5, 5)));
    var other = new Evaluation(1, List.of(Histories.cell(0, "z", 10, 9, 9), Histories.cell(1, "b", 5, 5, 5)));
    assertThrows(IllegalArgumentException.class, () -> one.with(more));
    assertThrows(IllegalArgumentException.class, () -> one.with(other));
  }

  @Test
  void cells_thatAreNotOneAnExperience_areRefused() {
    Cell first = Histories.cell(0, "a", 1, 1, 1);
    assertThrows(IllegalArgumentException.class, () -> new Evaluation(1, List.of(first)));
    assertThrows(IllegalArgumentException.class, () -> new Evaluation(1, List.of(first, first)));
    assertThrows(IllegalArgumentException.class, () -> new Cell(0, new TreeMap<>()));
    assertThrows(IllegalArgumentException.class, () -> new ClassCount(2, 3, 0));
    assertThrows(IllegalArgumentException.class, () -> new ClassCount(2, 0, 3));
    assertThrows(IllegalArgumentException.class, () -> new ClassCount(0, 0, 0));
    assertThrows(IllegalArgumentException.class, () -> new ClassCount(3, 1, 1, new TreeMap<>(Map.of("b", 1L))));
  }

  @Test
  void json_written_namesEachPropertyInOrder() {
    var history = AccuracyHistory.EMPTY.with(new Evaluation(0, List.of(Histories.cell(0, "a \"b\"", 3, 1, 2))));
    assertEquals(
        "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":"
            + "{\"a \\\"b\\\"\":{\"rows\":3,\"correct\":1,\"correctMasked\":2,\"mistakes\":{}}}}]}]}",
        history.toJson());
  }

  @Test
  void json_roundTrip_keepsEverything() {
    assertEquals(Histories.BY_HAND, AccuracyHistory.fromJson(Histories.BY_HAND.toJson()));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "", "null", "[]", "{}", "{\"evaluations\":null}", "{\"evaluations\":[null]}", "{\"evaluations\":[]} x",
      "{\"evaluations\":[{\"after\":1,\"cells\":[]}]}",
      "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":{}}]}]}",
      "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":{\"a\":null}}]}]}",
      "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":{\"a\":{\"rows\":3,\"correct\":4,"
          + "\"correctMasked\":2,\"mistakes\":{}}}}]}]}",
      "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":{\"a\":{\"rows\":3,\"correct\":1,"
          + "\"correctMasked\":2,\"mistakes\":{\"b\":3}}}}]}]}",
      "{\"evaluations\":[{\"after\":0,\"cells\":[{\"experience\":0,\"byClass\":{\"a\":{\"rows\":3}}}]}]}"})
  void fromJson_damaged_isOneClearLine(String json) {
    String message = String.valueOf(
        assertThrows(FailureException.class, () -> AccuracyHistory.fromJson(json)).getMessage());
    assertTrue(message.startsWith("the accuracy history is damaged: "), message);
    assertEquals(1, message.lines().count());
  }
}
