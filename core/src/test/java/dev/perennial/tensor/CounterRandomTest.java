package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.HashSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class CounterRandomTest {

  /** The known answers that the authors publish with Random123 (kat_vectors, philox4x32 10). */
  @Test
  void block_knownAnswers_agree() {
    assertArrayEquals(
        new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, CounterRandom.block(0, 0, 0));
    assertArrayEquals(
        new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, CounterRandom.block(-1, -1, -1));
    assertArrayEquals(
        new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        CounterRandom.block(0x85a308d3_243f6a88L, 0x03707344_13198a2eL, 0x299f31d0_a4093822L));
  }

  @Test
  void at_noUse_isTheBlockOfTheSeed() {
    assertEquals(0xe169c58d_6627e8d5L, CounterRandom.of(0).at(0));
  }

  @Test
  void of_otherSeedOrUse_givesUnrelatedNumbers() {
    var numbers = new HashSet<Long>();
    CounterRandom[] others = {
      CounterRandom.of(7), CounterRandom.of(8), CounterRandom.of(7, 0), CounterRandom.of(7, 0, 0),
      CounterRandom.of(7, 1), CounterRandom.of(7, 1, 2), CounterRandom.of(7, 2, 1), CounterRandom.of(7, 3),
    };
    for (var random : others) {
      for (int i = -50; i < 50; i++) {
        numbers.add(random.at(i));
      }
    }
    assertEquals(100 * others.length, numbers.size());
  }

  @Property
  void at_askedInAnyOrder_staysTheSame(@ForAll long seed, @ForAll long use, @ForAll long index) {
    var random = CounterRandom.of(seed, use);
    long once = random.at(index);
    random.at(index + 1);
    assertEquals(once, CounterRandom.of(seed, use).at(index));
    assertNotEquals(once, random.at(index + 1));
  }

  @Test
  void at_everyBit_isSetHalfTheTime() {
    int[] set = new int[64];
    int n = 20_000;
    var random = CounterRandom.of(3, 1);
    for (int i = 0; i < n; i++) {
      long bits = random.at(i);
      for (int b = 0; b < 64; b++) {
        set[b] += (int) (bits >>> b & 1);
      }
    }
    for (int b = 0; b < 64; b++) {
      assertEquals(n / 2.0, set[b], 5 * Math.sqrt(n / 4.0), "bit " + b);
    }
  }

  @Test
  void uniform_manyNumbers_fillTheUnitIntervalEvenly() {
    int[] counts = new int[100];
    int n = 100_000;
    var random = CounterRandom.of(11, 4);
    for (int i = 0; i < n; i++) {
      double u = random.uniform(i);
      assertTrue(u >= 0 && u < 1);
      counts[(int) (u * 100)]++;
    }
    assertChiSquare(counts, n);
  }

  @Test
  void below_smallBound_isEven() {
    int[] counts = new int[7];
    int n = 70_000;
    var random = CounterRandom.of(5, 9);
    for (int i = 0; i < n; i++) {
      counts[random.below(i, 7)]++;
    }
    assertChiSquare(counts, n);
  }

  /**
   * With a bound of 3/8 of all words, eight words fall on three numbers: without rejection a remainder would favour
   * the lower two thirds, and a product the numbers that leave 0 or 1 over when divided by 3.
   */
  @Test
  void below_boundThatDoesNotDivideTheWords_isEven() {
    int[] thirds = new int[3];
    int[] remainders = new int[3];
    int n = 30_000;
    int bound = 3 << 29;
    var random = CounterRandom.of(6, 9);
    for (int i = 0; i < n; i++) {
      int number = random.below(i, bound);
      thirds[number / (1 << 29)]++;
      remainders[number % 3]++;
    }
    assertChiSquare(thirds, n);
    assertChiSquare(remainders, n);
  }

  @Test
  void below_boundNotPositive_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> CounterRandom.of(1).below(0, 0));
  }

  @Test
  void gaussian_manyNumbers_haveTheMomentsOfTheNormal() {
    int n = 200_000;
    double[] moments = new double[5];
    var random = CounterRandom.of(2, 3);
    int beyondTwo = 0;
    for (int i = 0; i < n; i++) {
      double x = random.gaussian(i);
      for (int k = 1; k <= 4; k++) {
        moments[k] += Math.pow(x, k) / n;
      }
      beyondTwo += Math.abs(x) > 2 ? 1 : 0;
    }
    assertEquals(0, moments[1], 0.012);
    assertEquals(1, moments[2], 0.017);
    assertEquals(0, moments[3], 0.045);
    assertEquals(3, moments[4], 0.12);
    assertEquals(0.0455, beyondTwo / (double) n, 0.0025);
  }

  @Property(tries = 200)
  void permutation_anyLength_holdsEachNumberOnce(@ForAll long seed, @ForAll @IntRange(max = 300) int n) {
    int[] order = CounterRandom.of(seed, 1).permutation(n);
    int[] sorted = order.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < n; i++) {
      assertEquals(i, sorted[i]);
    }
    assertArrayEquals(order, CounterRandom.of(seed, 1).permutation(n));
  }

  @Test
  void permutation_ofFour_givesEveryOrderEquallyOften() {
    int[] counts = new int[256];
    int n = 24_000;
    for (int seed = 0; seed < n; seed++) {
      int[] p = CounterRandom.of(seed, 1).permutation(4);
      counts[p[0] << 6 | p[1] << 4 | p[2] << 2 | p[3]]++;
    }
    int[] seen = Arrays.stream(counts).filter(c -> c > 0).toArray();
    assertEquals(24, seen.length);
    assertChiSquare(seen, n);
  }

  /** Fails where chi-square lies more than five standard deviations above its mean. */
  private static void assertChiSquare(int[] counts, int n) {
    double expected = (double) n / counts.length;
    double chiSquare = Arrays.stream(counts).mapToDouble(c -> (c - expected) * (c - expected) / expected).sum();
    int freedom = counts.length - 1;
    assertTrue(chiSquare < freedom + 5 * Math.sqrt(2.0 * freedom), "chi-square " + chiSquare);
  }
}
