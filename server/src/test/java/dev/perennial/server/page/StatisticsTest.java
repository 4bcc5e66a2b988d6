package dev.perennial.server.page;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What the page's figures are, each against its definition in plain Java. */
final class StatisticsTest {

  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");

  @Test
  void outcomes_presentAndMatrix_areThoseOfTheLastRowsAlone() {
    var random = CounterRandom.of(5, 1);
    var outcomes = new Outcomes();
    var labels = new ArrayList<String>();
    var said = new ArrayList<String>();
    for (int i = 0; i < 3_000; i++) {
      labels.add("c" + random.below(2 * i, i < 2_000 ? 4 : 20));
      said.add("c" + random.below(2 * i + 1, 20));
      outcomes.add(labels.getLast(), said.getLast());
    }
    long right = IntStream.range(0, 3_000).filter(i -> labels.get(i).equals(said.get(i))).count();
    long recent = IntStream.range(2_500, 3_000).filter(i -> labels.get(i).equals(said.get(i))).count();
    State.Accuracy accuracy = outcomes.accuracy();
    assertEquals(recent / 500.0, accuracy.present(), 0);
    assertEquals(right / 3_000.0, accuracy.overall(), 0);
    assertTrue(accuracy.points().size() > 100 && accuracy.points().size() <= 241, accuracy.points().size() + " points");
    for (State.Point point : accuracy.points()) {
      int rows = (int) point.rows();
      int from = Math.max(0, rows - 500);
      long then = IntStream.range(from, rows).filter(i -> labels.get(i).equals(said.get(i))).count();
      assertEquals((double) then / (rows - from), point.accuracy(), 1e-12);
    }
    State.Matrix matrix = outcomes.matrix();
    assertEquals(13, matrix.labels().size());
    assertEquals("", matrix.labels().getLast());
    assertEquals(500, Arrays.stream(matrix.counts()).flatMapToInt(Arrays::stream).sum());
    String first = matrix.labels().getFirst();
    String second = matrix.labels().get(1);
    assertEquals(IntStream.range(2_500, 3_000).filter(i -> labels.get(i).equals(first) && said.get(i).equals(second)).count(),
        matrix.counts()[0][1]);
  }

  @Test
  void classes_forgetting_isTheBestOfTheirWindowsLessThePresentOne() {
    var random = CounterRandom.of(7, 1);
    var classes = new Classes();
    var right = new ArrayList<Boolean>();
    for (int i = 0; i < 400; i++) {
      right.add(random.uniform(i) < (i < 200 ? 0.9 : 0.3));
      assertEquals(i == 0, classes.add("old", right.getLast()));
    }
    double best = 0;
    double present = 0;
    for (int end = 1; end <= 400; end++) {
      List<Boolean> window = right.subList(Math.max(0, end - 32), end);
      present = window.stream().filter(one -> one).count() / (double) window.size();
      best = end >= 10 ? Math.max(best, present) : best;
    }
    State.Known known = classes.shown().getFirst();
    assertEquals(present, known.present(), 1e-12);
    assertEquals(best, known.best(), 1e-12);
    assertEquals(best - present, known.forgetting(), 1e-12);
    assertEquals(400, known.seen());
    classes.add("few", true);
    classes.add("few", false);
    assertEquals(best - present, classes.forgetting(), 1e-12, "two rows say nothing of what was forgotten");
    assertEquals(2, classes.size());
  }

  @Test
  void rates_areThoseOfFullSeconds_andOldOnesGo() {
    var rates = new Rates();
    rates.add(3, 1_000);
    rates.add(4, 1_000);
    rates.add(5, 1_002);
    long[] before = rates.before(1_003);
    assertArrayEquals(new long[] {7, 0, 5}, Arrays.copyOfRange(before, before.length - 3, before.length));
    assertEquals(1.2, rates.mean(1_003), 0);
    rates.add(9, 1_003);
    assertEquals(1.2, rates.mean(1_003), 0, "the second that has begun is not counted");
    assertEquals(0, Arrays.stream(rates.before(1_003 + Rates.SECONDS)).sum());
    rates.add(2, 999);
    assertEquals(2, Arrays.stream(rates.before(1_004 + Rates.SECONDS)).sum(), "a clock that went back loses nothing");
  }

  @Test
  void unfamiliar_keepsTheLowestScores_eachTextOnce_untilItIsLearnedOrLate() {
    var unfamiliar = new Unfamiliar();
    for (int i = 0; i < 100; i++) {
      int score = i * 37 % 100;
      unfamiliar.add("id" + i, "text " + score, "c", score / 100.0, NOW);
      unfamiliar.add("again" + i, "text " + score, "c", score / 100.0, NOW);
    }
    assertEquals(IntStream.range(0, 9).mapToObj(i -> "text " + i).toList(),
        unfamiliar.waiting(NOW).stream().map(State.Waiting::text).toList());
    assertTrue(unfamiliar.waiting(NOW).stream().allMatch(input -> input.prediction().startsWith("id")));
    unfamiliar.learned("text 3");
    assertEquals(8, unfamiliar.waiting(NOW).size());
    assertFalse(unfamiliar.waiting(NOW).stream().anyMatch(input -> input.text().equals("text 3")));
    unfamiliar.add("late", "text 3", "c", 0.03, NOW);
    assertEquals(8, unfamiliar.waiting(NOW).size(), "what has its label does not wait again");
    assertTrue(unfamiliar.waiting(NOW.plus(Duration.ofMinutes(31))).isEmpty());
    assertEquals(0.5, unfamiliar.familiarity(), 0.02);
  }

  @Test
  void durations_percentiles_areThoseOfTheLast256() {
    var durations = new Durations();
    assertEquals(0, durations.percentile(0.5), 0);
    for (int i = 1; i <= 1_000; i++) {
      durations.add(i * 1_000_000L);
    }
    assertEquals(0.745 + 0.127, durations.percentile(0.5), 1e-9);
    assertEquals(0.744 + 0.254, durations.percentile(0.99), 1e-9);
  }
}
