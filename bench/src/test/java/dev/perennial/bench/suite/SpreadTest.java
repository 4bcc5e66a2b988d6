package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class SpreadTest {

  @Test
  void of_severalValues_isTheirMeanAndSampleStandardDeviation() {
    Spread spread = Spread.of(List.of(2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0));
    assertEquals(5, spread.mean(), 1e-12);
    assertEquals(Math.sqrt(32.0 / 7), spread.deviation(), 1e-12);
    assertEquals(8, spread.count());
  }

  @Test
  void percent_ofOneValue_hasNoDeviation() {
    assertEquals("77.5", Spread.of(List.of(0.775)).percent());
    assertEquals("50.0 ± 14.1", Spread.of(List.of(0.4, 0.6)).percent());
  }
}
