package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

final class MemoryCurveTest {

  @Test
  void areas_ofThreeBudgets_areThoseOfTheTrapezoids() {
    var curve = new MemoryCurve("one", List.of(new MemoryCurve.Point(100, 0.5, 0.2),
        new MemoryCurve.Point(200, 0.7, 0.4), new MemoryCurve.Point(500, 0.9, 0.6)));
    assertEquals((100 * 0.6 + 300 * 0.8) / 400, curve.aucAverage(), 1e-12);
    assertEquals((100 * 0.3 + 300 * 0.5) / 400, curve.aucLast(), 1e-12);
  }

  @Test
  void of_techniquesWithEveryBudget_areByTheAreaOfTheLastAccuracy() {
    Suite suite = Runs.suite(1, List.of(300L, 100L), "better", "worse", "absent");
    SuiteOutcome all = Runs.outcome(suite, member -> Runs.run(
        member.technique(), 1, 10, member.technique().equals("worse") ? 11 : 12, 0));
    var outcome = new SuiteOutcome(suite, all.finished().stream()
        .filter(run -> !run.member().id().equals("absent-seed-1-memory-100")).toList(), List.of(), List.of());
    List<MemoryCurve> curves = MemoryCurve.of(outcome);
    assertEquals(List.of("better", "worse"), curves.stream().map(MemoryCurve::technique).toList());
    assertEquals(0.6, curves.getFirst().aucLast(), 1e-12);
    assertEquals(0.8, curves.getFirst().aucAverage(), 1e-12);
    assertEquals(List.of(100L, 300L), curves.getFirst().points().stream().map(MemoryCurve.Point::bytes).toList());
    assertTrue(MemoryCurve.of(Runs.outcome(Runs.suite(1, List.of(9L), "one"),
        member -> Runs.run("one", 1, 10, 20, 0))).isEmpty());
  }
}
