package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ConfusionTest {

  @Test
  void grown_overTwoRuns_isTheShareInTheEndLessThatRightAfterLearning() {
    // Of 20 rows of a: 3 were taken for c at first and none in the end; none for b at first and 4 + 9 in the end.
    List<Confusion> grown = Confusion.grown(List.of(
        Runs.run("one", 1, 8, 6, 0).history(), Runs.run("one", 2, 9, 1, 0).history()));
    assertEquals(1, grown.size(), grown::toString);
    Confusion most = grown.getFirst();
    assertEquals("a taken for b", most.label() + " taken for " + most.takenFor());
    assertEquals(0, most.first(), 1e-12);
    assertEquals(13 / 20.0, most.last(), 1e-12);
    assertEquals(13 / 20.0, most.growth(), 1e-12);
  }
}
