package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.bench.suite.Suite.Member;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

final class ForecastTest {

  private static final Member FAST_1 = new Member("fast", 1, null);
  private static final Member FAST_2 = new Member("fast", 2, null);
  private static final Member SLOW_1 = new Member("slow", 1, null);
  private static final Member SLOW_2 = new Member("slow", 2, null);
  private static final Member NEW = new Member("new", 1, null);

  @Test
  void left_withRunsOfEachTechnique_isTheirMeanTimesWhatIsLeft() {
    var forecast = new Forecast(List.of(FAST_1, SLOW_1, FAST_2, SLOW_2, NEW));
    assertEquals(OptionalDouble.empty(), forecast.left(FAST_1, 3, 0.01));
    // One that is half done after 3 seconds has 3 left; the other four take 6 each.
    assertEquals(27, forecast.left(FAST_1, 3, 0.5).orElseThrow(), 1e-12);
    forecast.finished(FAST_1, 2);
    forecast.finished(SLOW_1, 10);
    // fast 2, slow 10, and 6 for one of which nothing is known.
    assertEquals(18, forecast.left(null, 0, 0).orElseThrow(), 1e-12);
    assertEquals(14, forecast.left(SLOW_2, 4, 0.9).orElseThrow(), 1e-12);
    assertEquals(8, forecast.left(SLOW_2, 99, 0.9).orElseThrow(), 1e-12);
    // At this pace the new one takes 40 in all.
    assertEquals(2 + 10 + 30, forecast.left(NEW, 10, 0.25).orElseThrow(), 1e-12);
    forecast.dropped(NEW);
    assertEquals(12, forecast.left(null, 0, 0).orElseThrow(), 1e-12);
  }
}
