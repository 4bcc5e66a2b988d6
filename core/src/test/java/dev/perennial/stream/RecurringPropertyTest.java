package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.TreeMap;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class RecurringPropertyTest {

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  @Property(tries = 100)
  void of_anyShare_drawsThatShareOfTheClassesForEveryExperience(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 4, max = 6) int tasks,
      @ForAll @DoubleRange(min = 0.3, max = 1) double share, @ForAll long seed) {
    var stream = Rows.twice(dataset, Scenario.of("recurring").withOption("share", "" + share), tasks, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, Example::label);
    int classes = Rows.counts(dataset.train()).size();
    var least = new TreeMap<String, Integer>();
    var most = new TreeMap<String, Integer>();
    for (var experience : stream.experiences()) {
      assertEquals(Math.max(1, Math.round(share * classes)), experience.classes().size());
      Rows.counts(experience.train()).forEach((label, count) -> {
        least.merge(label, count, Math::min);
        most.merge(label, count, Math::max);
      });
    }
    assertEquals(classes, most.size());
    most.forEach((label, count) -> assertTrue(count - least.getOrDefault(label, 0) <= 1, label));
  }

  /** Binomial: of 1,000 chances to come, each class takes 300, give or take five standard deviations. */
  @Test
  void of_manyExperiences_bringsClassesBackWithTheGivenProbability() {
    var came = new TreeMap<String, Integer>();
    for (long seed = 0; seed < 200; seed++) {
      var stream = Streams.of(Rows.of(10, 0), Scenario.of("recurring").withOption("share", "0.3"), 5, seed);
      stream.experiences().forEach(e -> e.classes().forEach(label -> came.merge(label, 1, Integer::sum)));
    }
    came.values().forEach(count -> assertEquals(300, count, 5 * Math.sqrt(1000 * 0.3 * 0.7)));
  }

  @Property(tries = 100)
  void of_anyRounds_bringsEveryClassOnceARound(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 1, max = 3) int rounds,
      @ForAll @IntRange(min = 1, max = 2) int each, @ForAll long seed) {
    var stream = Rows.twice(dataset, Scenario.of("recurring").withOption("rounds", "" + rounds), rounds * each, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, Example::label);
    for (int round = 0; round < rounds; round++) {
      var came = new TreeMap<String, Integer>();
      stream.experiences().subList(round * each, (round + 1) * each)
          .forEach(e -> Rows.counts(e.train()).forEach((label, count) -> came.merge(label, 1, Integer::sum)));
      assertEquals(Rows.counts(dataset.train()).keySet(), came.keySet());
      assertTrue(came.values().stream().allMatch(times -> times == 1), came::toString);
    }
  }

  @Test
  void of_tasksThatDoNotMakeRounds_isRefused() {
    for (int tasks : new int[] {5, 22}) {
      var refusal = assertThrows(UsageException.class,
          () -> Streams.of(Rows.of(10, 0), Scenario.of("recurring").withOption("rounds", "2"), tasks, 1));
      assertTrue(String.valueOf(refusal.getMessage()).contains("2 rounds"), refusal::getMessage);
    }
  }
}
