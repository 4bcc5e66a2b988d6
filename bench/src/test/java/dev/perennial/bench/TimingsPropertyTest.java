package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;

final class TimingsPropertyTest {

  @Example
  void median_ofAnEvenNumber_isTheMeanOfTheTwoInTheMiddle() {
    assertEquals(2.5, new Timings(List.of(9.0, 1.0, 3.0, 2.0)).median());
    assertThrows(IllegalArgumentException.class, () -> new Timings(List.of()));
  }

  @Property(tries = 200)
  void median_ofAnyOrder_hasAsManyBelowAsAbove(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = 0, max = 100) Double> seconds, @ForAll Random random) {
    double median = new Timings(seconds).median();
    var shuffled = new ArrayList<>(seconds);
    Collections.shuffle(shuffled, random);
    assertEquals(median, new Timings(shuffled).median());
    long below = seconds.stream().filter(value -> value < median).count();
    long above = seconds.stream().filter(value -> value > median).count();
    assertTrue(below <= seconds.size() / 2 && above <= seconds.size() / 2, () -> median + " of " + seconds);
  }

  @Property(tries = 100)
  void best_ofAnyOrder_isOneThatNoOtherIsBelow(
      @ForAll @Size(min = 1, max = 20) List<@DoubleRange(min = 0, max = 100) Double> seconds) {
    double best = new Timings(seconds).best();
    boolean none = seconds.stream().noneMatch(value -> value < best);
    assertTrue(seconds.contains(best) && none, () -> best + " of " + seconds);
  }
}
