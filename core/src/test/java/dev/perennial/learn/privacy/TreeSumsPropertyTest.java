package dev.perennial.learn.privacy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class TreeSumsPropertyTest {

  private static final PrivacyBudget BUDGET = new PrivacyBudget(2, 1e-5);
  private static final long USE = 9;

  private static TreeSums sums(long seed) {
    return new TreeSums(new TreeSums.Shape(2, 60, 3), BUDGET, seed, USE);
  }

  /** Exact sums, and the noise of the nodes that cover 1..t: for each set bit of t, the node of that size. */
  @Property(tries = 150)
  void release_anyStream_isTheExactSumAndTheNoiseOfItsNodes(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(min = -50, max = 50) Integer> stream, @ForAll long seed) {
    TreeSums sums = sums(seed);
    long exact = 0;
    for (int t = 1; t <= stream.size(); t++) {
      sums.add(stream.get(t - 1), -2L * stream.get(t - 1));
      exact += stream.get(t - 1);
      long[] expected = {exact, -2 * exact};
      long end = 0;
      for (int level = 6; level >= 0; level--) {
        if ((t >> level & 1) == 1) {
          end += 1L << level;
          long[] noise = new DiscreteGaussian(sums.sigma()).draw(2, CounterRandom.of(seed, USE, level, end));
          expected[0] += noise[0];
          expected[1] += noise[1];
        }
      }
      assertEquals(t, end);
      assertArrayEquals(expected, sums.release());
    }
  }

  @Property(tries = 150)
  void restore_anywhereInTheStream_releasesTheSame_andGoesOnTheSame(
      @ForAll @Size(min = 1, max = 60) List<@IntRange(min = -50, max = 50) Integer> stream, @ForAll long seed,
      @ForAll @IntRange(max = 60) int at) {
    TreeSums whole = sums(seed);
    TreeSums first = sums(seed);
    for (int t = 0; t < Math.min(at, stream.size()); t++) {
      whole.add(stream.get(t), 1);
      first.add(stream.get(t), 1);
    }
    TreeSums second = sums(seed);
    second.restore(StatePart.of("sums", Combine.LATEST, first.tensors("0.")), "0.");
    assertArrayEquals(whole.release(), second.release());
    for (int t = Math.min(at, stream.size()); t < stream.size(); t++) {
      whole.add(stream.get(t), 1);
      second.add(stream.get(t), 1);
      assertArrayEquals(whole.release(), second.release());
    }
    assertEquals(whole.tensors(""), second.tensors(""));
  }
}
