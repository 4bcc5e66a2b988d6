package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TextReportTest {

  @Test
  void matrix_fewExperiences_isAnAlignedTriangleInPercent() {
    assertEquals(
        """
        accuracy on      1     2      3
        after 1       90.0
        after 2      100.0  80.0
        after 3       80.0  50.0  100.0
        """,
        TextReport.matrix(Results.byHand("g-acil")));
  }

  @Test
  void matrix_manyExperiences_isOneRowEach() {
    int[][] right = new int[17][17];
    for (int i = 0; i < 17; i++) {
      for (int j = 0; j <= i; j++) {
        right[i][j] = j == 0 ? Math.min(i, 5) : 10;
      }
      right[16][0] = 3;
    }
    Result result = Results.with("ncm", Histories.of(10, right, right), new Cost(0, 0, 0, 0, 0, 0, 0));
    List<String> lines = TextReport.matrix(result).lines().toList();
    assertEquals(18, lines.size());
    assertEquals("accuracy on  learned   best   last", lines.get(0));
    assertEquals("1                0.0   50.0   30.0", lines.get(1));
    assertEquals("17             100.0  100.0  100.0", lines.get(17));
  }

  @Test
  void comparison_twoResults_standSideBySide() {
    Result naive = Results.with(
        "fine-tune", Histories.of(4, new int[][] {{4}, {0, 4}}, new int[][] {{4}, {3, 4}}),
        new Cost(0, 512, 0, 3725, 0.5, 1234.5, 1024));
    assertEquals(
        """
                                  g-acil   fine-tune
        Final accuracy             70.0%       50.0%
        Average accuracy           76.7%       50.0%
        Anytime accuracy           82.2%       75.0%
        Forgetting                 25.0%      100.0%
        Task accuracy              92.5%       87.5%
        Task forgetting             5.0%       25.0%
        Backward transfer         -20.0%     -100.0%
        Trainable parameters     294,912           0
        Added to the model       1.3 MiB       512 B
        Kept of the past             0 B         0 B
        Learning time         1 min 02 s  1 h 02 min
        Evaluation time           12.3 s      500 ms
        Examples a second           48.8       1,235
        Peak memory              1.5 GiB     1.0 KiB
        """,
        TextReport.comparison(List.of(Results.byHand("g-acil"), naive)));
  }
}
