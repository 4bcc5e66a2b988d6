package dev.perennial.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Distances are small whole numbers: sums are exact, and ties are many. */
final class KMedoidsPropertyTest {

  @Property(tries = 120)
  void fastPam1_fromBuild_makesExactlyPamsSwaps(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 26) int n, @ForAll @IntRange(min = 1, max = 6) int most,
      @ForAll @IntRange(min = 2, max = 1000) int largest) {
    Distances distances = whole(seed, n, largest);
    int[] start = KMedoids.build(distances, Math.min(most, n));
    Medoids found = KMedoids.fastPam1(distances, start, 1000);
    int[] twin = NaivePam.search(distances, start);
    assertEquals(boxed(twin), found.medoids());
    assertEquals(NaivePam.loss(distances, twin), found.loss());
    assertTrue(found.converged());
  }

  @Property(tries = 120)
  void fastPam1_fromAnyStart_makesExactlyPamsSwaps(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 22) int n, @ForAll @IntRange(min = 2, max = 5) int most) {
    Distances distances = whole(seed, n, 50);
    int[] start = KMedoids.random(distances, Math.min(most, n), CounterRandom.of(seed, 1));
    assertEquals(boxed(NaivePam.search(distances, start)), KMedoids.fastPam1(distances, start, 1000).medoids());
  }

  @Property(tries = 120)
  void fasterPam_fromAnyStart_endsWherePamSeesNoBetterSwap(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 26) int n, @ForAll @IntRange(min = 1, max = 6) int most,
      @ForAll @IntRange(min = 2, max = 1000) int largest) {
    Distances distances = whole(seed, n, largest);
    int k = Math.min(most, n);
    int[] start = KMedoids.random(distances, k, CounterRandom.of(seed, 1));
    Medoids found = KMedoids.fasterPam(distances, start, 1000);
    int[] medoids = found.medoids().stream().mapToInt(Integer::intValue).toArray();
    assertTrue(found.converged());
    assertEquals(boxed(NaivePam.search(distances, medoids)), found.medoids());
    assertEquals(NaivePam.loss(distances, medoids), found.loss());
    assertTrue(found.loss() <= NaivePam.loss(distances, start));
    assertEquals(k, new HashSet<>(found.medoids()).size());
    for (int row = 0; row < n; row++) {
      double own = distances.between(row, medoids[found.clusters().get(row)]);
      for (int medoid : medoids) {
        assertTrue(own <= distances.between(row, medoid));
      }
    }
  }

  @Property(tries = 60)
  void search_anyPermutationOfTheRows_hasALossOfItsOwnMedoids(
      @ForAll long seed, @ForAll @IntRange(min = 3, max = 40) int n) {
    Distances distances = whole(seed, n, 1000);
    int[] order = CounterRandom.of(seed, 2).permutation(n);
    Distances moved = Distances.of(n, (i, j) -> distances.between(order[i], order[j]));
    Medoids found = KMedoids.fasterPam(moved, KMedoids.build(moved, 3), 1000);
    int[] back = found.medoids().stream().mapToInt(i -> order[i]).toArray();
    assertEquals(NaivePam.loss(distances, back), found.loss());
  }

  private static Distances whole(long seed, int n, int largest) {
    var random = CounterRandom.of(seed);
    return Distances.of(n, (i, j) -> random.below((long) i * n + j, largest));
  }

  private static List<Integer> boxed(int[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }
}
