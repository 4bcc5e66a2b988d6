package dev.perennial.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Histories for tests. */
final class Histories {

  /*
   * Three experiences of 10, 20 and 10 test rows. Right among all classes, and among the experience's own:
   *
   *              1        2        3
   *   after 1    9 | 10
   *   after 2   10 | 10  16 | 18
   *   after 3    8 |  9  10 | 18  10 | 10
   */
  static final AccuracyHistory BY_HAND = AccuracyHistory.EMPTY
      .with(new Evaluation(0, List.of(cell(0, "a", 10, 9, 10))))
      .with(new Evaluation(1, List.of(cell(0, "a", 10, 10, 10), second(10, 10, 6, 8))))
      .with(new Evaluation(2, List.of(cell(0, "a", 10, 8, 9), second(9, 10, 1, 8), cell(2, "d", 10, 10, 10))));

  private Histories() {}

  /** A cell of one class. */
  static Cell cell(int experience, String name, long rows, long correct, long correctMasked) {
    return new Cell(experience, new TreeMap<>(Map.of(name, new ClassCount(rows, correct, correctMasked))));
  }

  /** One class an experience, with rows of the same number everywhere: right[i][j] of them after i. */
  static AccuracyHistory of(int rows, int[][] right, int[][] rightMasked) {
    var history = AccuracyHistory.EMPTY;
    for (int i = 0; i < right.length; i++) {
      var cells = new ArrayList<Cell>();
      for (int j = 0; j <= i; j++) {
        cells.add(cell(j, "class " + j, rows, right[i][j], rightMasked[i][j]));
      }
      history = history.with(new Evaluation(i, cells));
    }
    return history;
  }

  /** The second experience: 12 rows of b and 8 of c. */
  private static Cell second(int b, int bMasked, int c, int cMasked) {
    var byClass = new TreeMap<String, ClassCount>();
    byClass.put("b", new ClassCount(12, b, bMasked));
    byClass.put("c", new ClassCount(8, c, cMasked));
    return new Cell(1, byClass);
  }
}
