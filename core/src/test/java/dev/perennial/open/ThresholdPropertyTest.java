package dev.perennial.open;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class ThresholdPropertyTest {

  /** Of all rows, each in turn left out, the share below the threshold of the others is at most 1 - keep. */
  @Property(tries = 50)
  void value_eachRowLeftOut_keepsAtLeastTheShare(
      @ForAll @IntRange(min = 2, max = 60) int rows, @ForAll @IntRange(min = 5, max = 99) int percent,
      @ForAll long seed) {
    double[] all = IntStream.range(0, rows).mapToDouble(row -> CounterRandom.of(seed).gaussian(row)).toArray();
    int below = 0;
    for (int left = 0; left < rows; left++) {
      int out = left;
      var threshold = new Threshold(percent / 100.0);
      threshold.add(IntStream.range(0, rows).filter(row -> row != out).mapToDouble(row -> all[row]).toArray());
      below += all[left] < threshold.value() ? 1 : 0;
    }
    assertTrue(below <= rows * (1 - percent / 100.0) + 1e-9, below + " of " + rows);
  }

  @Example
  void value_nineteenRows_isTheLeastAndFewerSetNone() {
    var threshold = new Threshold(0.95);
    threshold.add(IntStream.range(0, 18).mapToDouble(i -> 50 - i).toArray());
    assertEquals(Double.NEGATIVE_INFINITY, threshold.value());
    threshold.add(7);
    assertEquals(7, threshold.value());
    assertEquals(7, new Threshold(0.95, threshold.numbers()).value());
  }

  @Example
  void numbers_moreThanAreKept_areTheLatest() {
    var threshold = new Threshold(0.5);
    threshold.add(IntStream.range(0, Threshold.MOST).mapToDouble(i -> i).toArray());
    threshold.add(-1, -2);
    double[] kept = threshold.numbers();
    assertEquals(Threshold.MOST, kept.length);
    assertEquals(2, kept[0]);
    assertArrayEquals(new double[] {-1, -2}, Arrays.copyOfRange(kept, kept.length - 2, kept.length));
  }
}
