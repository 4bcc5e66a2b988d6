package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import java.util.List;
import java.util.function.Function;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

final class DataIncrementalPropertyTest {

  private static final double NEARLY_ONE = 1 - 1e-9;

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(2);
  }

  @Property(tries = 100)
  void of_anyRows_hasTheSameMixInEveryExperience(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 1, max = 6) int tasks, @ForAll long seed) {
    var stream = Rows.twice(dataset, Scenario.of("data-incremental"), tasks, seed);
    Rows.assertWhole(dataset, stream);
    var rows = Rows.counts(dataset.train());
    var tests = Rows.counts(dataset.test());
    for (var experience : stream.experiences()) {
      var own = Rows.counts(experience.train());
      assertEquals(rows.keySet(), own.keySet());
      rows.forEach((label, all) -> assertEquals((double) all / tasks, own.getOrDefault(label, 0), NEARLY_ONE, label));
      var tested = Rows.counts(experience.test());
      tests.forEach((label, all) -> assertEquals(
          (double) all / tasks, tested.getOrDefault(label, 0), NEARLY_ONE, label));
    }
    for (Function<Experience, Integer> size : List.<Function<Experience, Integer>>of(
        e -> e.train().size(), e -> e.test().size())) {
      var sizes = stream.experiences().stream().map(size).sorted().toList();
      assertTrue(sizes.getLast() - sizes.getFirst() <= 1, sizes.toString());
    }
  }
}
