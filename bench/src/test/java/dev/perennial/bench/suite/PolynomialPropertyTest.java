package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class PolynomialPropertyTest {

  @Property
  void at_anyPlace_isTheQuadraticThatThePointsAreOf(
      @ForAll @IntRange(max = 10_000) int constant, @ForAll @IntRange(max = 1000) int slope,
      @ForAll @IntRange(min = 1, max = 50) int square, @ForAll @IntRange(max = 100_000) int place) {
    Polynomial polynomial = through(constant, slope, square, 16, 32, 64);
    double expected = value(constant, slope, square, place);
    assertEquals(expected, polynomial.at(place), 1e-9 * (1 + expected));
  }

  @Property
  void largestUpTo_anyLimit_isTheLastPlaceThatKeepsToIt(
      @ForAll @IntRange(max = 1000) int constant, @ForAll @IntRange(min = 1, max = 100) int slope,
      @ForAll @IntRange(max = 200_000) int limit) {
    Polynomial line = through(constant, slope, 0, 10, 20);
    long largest = line.largestUpTo(limit + 0.5, 1, 1000);
    assertTrue(largest == 0 || value(constant, slope, 0, largest) <= limit, "" + largest);
    assertTrue(largest == 1000 || value(constant, slope, 0, largest + 1) > limit, "" + largest);
  }

  private static Polynomial through(int constant, int slope, int square, long... places) {
    List<Long> x = Arrays.stream(places).boxed().toList();
    return new Polynomial(x, x.stream().map(v -> (long) value(constant, slope, square, v)).toList());
  }

  private static double value(int constant, int slope, int square, long x) {
    return constant + (double) slope * x + (double) square * x * x;
  }
}
