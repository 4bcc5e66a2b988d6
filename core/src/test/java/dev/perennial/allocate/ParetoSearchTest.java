package dev.perennial.allocate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

final class ParetoSearchTest {

  private static final int[] WORTH = {5, 1, 4, 1, 3, 1};
  private static final int[] COST = {2, 1, 2, 3, 1, 2};

  private static ParetoSearch.Rewards rewards(BitSet subset) {
    return new ParetoSearch.Rewards(
        subset.stream().map(i -> WORTH[i % 6]).sum(), -subset.stream().map(i -> COST[i % 6]).sum());
  }

  private static Set<List<Double>> points(List<BitSet> subsets) {
    return subsets.stream().map(ParetoSearchTest::rewards).map(r -> List.of(r.first(), r.second()))
        .collect(Collectors.toSet());
  }

  /** The front of all subsets of n things. */
  private static Set<List<Double>> front(int things) {
    var all = new ArrayList<BitSet>();
    for (long bits = 1; bits < 1L << things; bits++) {
      all.add(BitSet.valueOf(new long[] {bits}));
    }
    return points(all.stream().filter(one -> all.stream().noneMatch(other -> rewards(other).dominates(rewards(one)))).toList());
  }

  @Test
  void run_asManyTrialsAsSubsets_triesEachOnceAndGivesTheFront() {
    var search = new ParetoSearch(6, 5, 3, ParetoSearchTest::rewards);
    List<BitSet> found = search.run(1000);
    assertEquals(63, search.tried().size());
    assertEquals(63, new HashSet<>(search.tried()).size());
    assertEquals(6, search.tried().getFirst().cardinality());
    assertEquals(front(6), points(found));
  }

  @Test
  void run_fewTrials_comesNearerToTheFrontThanDrawing() {
    int evolved = 0;
    int drawn = 0;
    for (long seed = 0; seed < 10; seed++) {
      evolved += common(new ParetoSearch(12, 10, seed, ParetoSearchTest::rewards).run(150));
      // A population that never fills is drawn at random throughout.
      drawn += common(new ParetoSearch(12, 1000, seed, ParetoSearchTest::rewards).run(150));
    }
    assertTrue(evolved > 1.5 * drawn, evolved + " and " + drawn);
  }

  private static int common(List<BitSet> found) {
    Set<List<Double>> hit = points(found);
    hit.retainAll(front(12));
    return hit.size();
  }

  @Test
  void run_sameSeed_triesTheSame() {
    var one = new ParetoSearch(20, 6, 7, ParetoSearchTest::rewards);
    var other = new ParetoSearch(20, 6, 7, ParetoSearchTest::rewards);
    one.run(40);
    other.run(40);
    assertEquals(one.tried(), other.tried());
    var third = new ParetoSearch(20, 6, 8, ParetoSearchTest::rewards);
    third.run(40);
    assertTrue(!one.tried().equals(third.tried()));
  }
}
