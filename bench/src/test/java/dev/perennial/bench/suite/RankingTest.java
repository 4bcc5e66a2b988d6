package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class RankingTest {

  @Test
  void of_runsOverSeeds_isByMeanAccuracyWithItsSpread() {
    // Final accuracies of 20 test rows: low 8 and 10, high 19 and 11, also 15 and 15.
    SuiteOutcome outcome = Runs.outcome(Runs.suite(2, List.of(), "low", "high", "also"), member ->
        Runs.run(member.technique(), member.seed(), 10, switch (member.technique()) {
          case "low" -> member.seed() == 1 ? 8 : 10;
          case "high" -> member.seed() == 1 ? 19 : 11;
          default -> 15;
        }, 0));
    Ranking ranking = outcome.ranking();
    assertEquals(
        List.of("also", "high", "low"), ranking.standings().stream().map(Ranking.Standing::technique).toList());
    assertEquals(new Spread(0.75, 0, 2), ranking.standings().get(0).accuracy());
    Spread high = ranking.standings().get(1).accuracy();
    assertEquals(0.75, high.mean(), 1e-12);
    assertEquals(0.4 / Math.sqrt(2), high.deviation(), 1e-12);
    assertEquals(0.45, ranking.standings().get(2).accuracy().mean(), 1e-12);
    assertEquals(List.of(1.0, 2.0),
        ranking.standings().get(2).runs().stream().map(run -> run.result().learnSeconds()).toList());
  }

  @Test
  void of_aRunThatWasStopped_countsWhatItDidNotLearnAsWrong() {
    FinishedRun stopped = Runs.run("stopped", 1, 9, null, 0);
    assertEquals(0.9, stopped.result().finalAccuracy(), 1e-12);
    assertEquals(0.45, stopped.accuracy(), 1e-12);
    assertEquals(0.45, stopped.anytimeAccuracy(), 1e-12);
    FinishedRun whole = Runs.run("whole", 1, 5, 10, 0);
    assertEquals(0.5, whole.accuracy(), 1e-12);
    assertEquals(0.5, whole.anytimeAccuracy(), 1e-12);
  }

  @Test
  void of_runsWithMemoryBudgets_takesTheLargest() {
    SuiteOutcome outcome = Runs.outcome(Runs.suite(1, List.of(200L, 100L), "one"), member ->
        Runs.run("one", 1, 10, member.memoryBytes() != null && member.memoryBytes() == 200 ? 16 : 12, 7));
    assertEquals(0.8, outcome.ranking().standings().getFirst().accuracy().mean(), 1e-12);
    assertEquals(0.6, Ranking.of(outcome.finished(), 100L).standings().getFirst().accuracy().mean(), 1e-12);
    assertTrue(Ranking.of(outcome.finished(), null).standings().isEmpty());
  }
}
