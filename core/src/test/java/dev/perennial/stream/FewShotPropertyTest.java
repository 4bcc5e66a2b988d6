package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import java.util.HashSet;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

final class FewShotPropertyTest {

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(13);
  }

  @Property(tries = 100)
  void of_anyWaysAndShots_hasAllBaseRowsAndThenExactlyThoseShots(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 1, max = 4) int tasks,
      @ForAll @IntRange(max = 4) int base, @ForAll @IntRange(min = 1, max = 3) int ways,
      @ForAll @IntRange(min = 1, max = 6) int shots, @ForAll long seed) {
    var scenario = Scenario.of("few-shot").withOption("base", "" + base).withOption("ways", "" + ways)
        .withOption("shots", "" + shots);
    var stream = Rows.twice(dataset, scenario, tasks, seed);
    Rows.assertNumbered(stream);
    assertEquals(tasks, stream.experiences().size());
    var all = Rows.counts(dataset.train());
    var tests = Rows.counts(dataset.test());
    var seen = new HashSet<String>();
    for (var experience : stream.experiences()) {
      boolean first = experience.index() == 0;
      int left = all.size() - (tasks - 1) * ways;
      assertEquals(first ? (base == 0 ? left : base) : ways, experience.classes().size());
      Rows.counts(experience.train()).forEach((label, count) -> {
        assertEquals(first ? all.getOrDefault(label, 0) : shots, count, label);
        assertTrue(seen.add(label), label);
      });
      var tested = Rows.counts(experience.test());
      experience.classes().forEach(label -> assertEquals(tests.get(label), tested.get(label), label));
      assertEquals(tested.keySet().size(), experience.classes().size());
    }
    var rows = Rows.all(stream, Experience::train);
    assertEquals(rows.size(), new HashSet<>(rows).size());
    assertTrue(new HashSet<>(dataset.train()).containsAll(rows));
  }
}
