package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HistoryTextTest {

  @Test
  void read_whatWasWritten_isTheSameHistory() {
    assertEquals(Histories.BY_HAND, HistoryText.read(new HistoryText(Histories.BY_HAND).text()));
    assertEquals(AccuracyHistory.EMPTY, HistoryText.read(new HistoryText(AccuracyHistory.EMPTY).text()));
    assertEquals(Histories.BY_HAND, HistoryText.read(Histories.BY_HAND.toJson()));
  }

  @Test
  void add_oneAfterAnother_isTheTextOfTheWhole() {
    var text = new HistoryText(AccuracyHistory.EMPTY);
    Histories.BY_HAND.evaluations().forEach(text::add);
    assertEquals(new HistoryText(Histories.BY_HAND).text(), text.text());
  }

  /** One class a task, of which three are told otherwise than before: the line of the last is no longer than an early one. */
  @Test
  void add_whereLittleChanges_takesTheSameRoomAfterManyTasks() {
    var text = new HistoryText(AccuracyHistory.EMPTY);
    var sizes = new ArrayList<Integer>();
    for (int after = 0; after < 200; after++) {
      var cells = new ArrayList<Cell>();
      for (int j = 0; j <= after; j++) {
        cells.add(Histories.cell(j, "class " + j, 30, after - j < 3 ? 30 - (after - j) : 27, 30));
      }
      int before = text.text().length();
      text.add(new Evaluation(after, cells));
      sizes.add(text.text().length() - before);
    }
    assertTrue(sizes.getLast() <= 1.2 * sizes.get(5), sizes::toString);
  }

  @Test
  void read_damaged_isRefused() {
    String text = new HistoryText(Histories.BY_HAND).text();
    List<String> lines = text.lines().toList();
    for (String damaged : List.of(text.replaceFirst("\n.", "\n!"), lines.get(0) + "\n" + lines.get(2),
        lines.get(0) + "\n" + lines.get(1) + "\n" + lines.get(1), text.substring(0, text.length() - 9), "{}")) {
      assertThrows(FailureException.class, () -> HistoryText.read(damaged), damaged);
    }
  }
}
