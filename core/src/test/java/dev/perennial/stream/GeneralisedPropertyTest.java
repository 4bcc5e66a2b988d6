package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.HashSet;
import java.util.TreeMap;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class GeneralisedPropertyTest {

  private static final Scenario SCENARIO = Scenario.of("generalised-class-incremental");

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  @Property(tries = 100)
  void of_anyShares_keepsDisjointClassesTogetherAndBlursTheOthers(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 1, max = 6) int tasks,
      @ForAll @DoubleRange(max = 1) double disjoint, @ForAll @DoubleRange(max = 1) double blurry,
      @ForAll long seed) {
    var scenario = SCENARIO.withOption("disjoint", "" + disjoint).withOption("blurry", "" + blurry);
    var stream = Rows.twice(dataset, scenario, tasks, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, Example::label);
    // With nothing blurry the classes are at home: the same seed cuts them in the same way.
    var homes = Streams.of(dataset, scenario.withOption("blurry", "0"), tasks, seed);
    var rows = Rows.counts(dataset.train());
    var away = new TreeMap<String, Integer>();
    for (var home : homes.experiences()) {
      var experience = stream.experiences().get(home.index());
      assertEquals(home.train().size(), experience.train().size(), "every experience gets back as many as it gave");
      var own = new HashSet<>(home.classes());
      Rows.counts(experience.train()).forEach((label, count) -> {
        if (!own.contains(label)) {
          away.merge(label, count, Integer::sum);
        }
      });
    }
    assertTrue(rows.size() - away.size() >= Math.round(disjoint * rows.size()), away + " of " + rows);
    away.forEach((label, count) -> assertTrue(count <= Math.round(blurry * rows.getOrDefault(label, 0)), label));
  }

  @Test
  void of_allBlurry_spreadsEveryClassThatIsNotDisjoint() {
    var stream = Streams.of(Rows.of(20, 7), SCENARIO.withOption("blurry", "1"), 5, 3);
    var seen = new TreeMap<String, Integer>();
    stream.experiences().forEach(e -> e.classes().forEach(label -> seen.merge(label, 1, Integer::sum)));
    assertEquals(10, seen.values().stream().filter(times -> times == 1).count());
    assertEquals(10, seen.values().stream().filter(times -> times > 1).count());
  }

  /** There are 3 ways to cut a row of 4 classes into 3 parts, and each comes about equally often. */
  @Test
  void of_manySeeds_drawsAllSizesAlike() {
    var sizes = new TreeMap<String, Integer>();
    for (long seed = 0; seed < 600; seed++) {
      var stream = Streams.of(Rows.of(4, 0), SCENARIO.withOption("blurry", "0"), 3, seed);
      sizes.merge(stream.experiences().stream().map(e -> e.classes().size()).toList().toString(), 1, Integer::sum);
    }
    assertEquals(3, sizes.size(), sizes.toString());
    sizes.values().forEach(count -> assertEquals(200, count, 50));
  }
}
