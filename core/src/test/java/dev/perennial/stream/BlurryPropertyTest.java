package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

final class BlurryPropertyTest {

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  /** The homes are those of the class-incremental stream of the same seed. */
  @Property(tries = 100)
  void of_anyShare_takesExactlyThatShareFromOtherExperiencesClasses(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 2, max = 6) int tasks,
      @ForAll @DoubleRange(max = 0.9) double share, @ForAll long seed) {
    var scenario = Scenario.of("blurry").withOption("share", Double.toString(share));
    var stream = Rows.twice(dataset, scenario, tasks, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, Example::label);
    var sharp = Streams.of(dataset, Scenario.CLASS_INCREMENTAL, tasks, seed);
    long others = 0;
    long largest = 0;
    for (var home : sharp.experiences()) {
      long leaving = Math.round(share * home.train().size());
      others += leaving;
      largest = Math.max(largest, leaving);
    }
    others -= largest;
    for (var home : sharp.experiences()) {
      var experience = stream.experiences().get(home.index());
      assertEquals(home.name(), experience.name());
      assertEquals(home.train().size(), experience.train().size());
      var own = new HashSet<>(home.classes());
      long foreign = experience.train().stream().filter(row -> !own.contains(row.label())).count();
      assertEquals(Math.min(Math.round(share * home.train().size()), Math.max(others, 0)), foreign, home.name());
    }
  }

  /** Rows do not just move on by one experience: with many to exchange, all experiences get some of each other. */
  @Property(tries = 20)
  void of_manyRows_exchangesWithAllOthers(@ForAll long seed) {
    var dataset = Rows.of(20, 0);
    var many = new Dataset("many", repeated(dataset), List.of(), dataset.test(), dataset.badRows());
    var stream = Streams.of(many, Scenario.of("blurry").withOption("share", "0.5"), 4, seed);
    var homes = Rows.homes(Streams.of(many, Scenario.CLASS_INCREMENTAL, 4, seed));
    for (var experience : stream.experiences()) {
      var from = new HashSet<Integer>();
      experience.train().forEach(row -> from.add(homes.getOrDefault(row.label(), -1)));
      assertTrue(from.size() == 4, () -> experience.name() + " has rows of " + from);
    }
  }

  private static List<Example> repeated(Dataset dataset) {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < 10; i++) {
      String round = " again " + i;
      dataset.train().forEach(row -> rows.add(Example.of(Rows.text(row) + round, row.label())));
    }
    return rows;
  }
}
