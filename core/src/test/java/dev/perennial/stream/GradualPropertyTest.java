package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

final class GradualPropertyTest {

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  /** The area of a ramp beyond its border is width / 8, so that is what comes too early, and as much too late. */
  @Property(tries = 100)
  void of_anyWidth_spillsAnEighthOfItOverEachBorder(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 2, max = 6) int tasks,
      @ForAll @DoubleRange(max = 1) double width, @ForAll long seed) {
    var scenario = Scenario.of("gradual").withOption("width", Double.toString(width));
    var stream = Rows.twice(dataset, scenario, tasks, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, Example::label);
    for (var home : Streams.of(dataset, Scenario.CLASS_INCREMENTAL, tasks, seed).experiences()) {
      for (var experience : stream.experiences()) {
        int distance = experience.index() - home.index();
        int spills = (home.index() > 0 ? 1 : 0) + (home.index() < tasks - 1 ? 1 : 0);
        double share = distance == 0 ? 1 - spills * width / 8 : Math.abs(distance) == 1 ? width / 8 : 0;
        long found = experience.train().stream().filter(row -> home.classes().contains(row.label())).count();
        assertEquals(share * home.train().size(), found, 1 + 1e-9, home.name() + " in " + experience.name());
      }
    }
  }

  /** A closed form: at time t within the ramp the later of two groups has the share (t - b + w/2) / w of what comes. */
  @Property(tries = 20)
  void mixed_twoGroups_laterShareRisesInAStraightLine(@ForAll @DoubleRange(min = 0.2, max = 1) double width) {
    int rows = 4000;
    var mixed = Ramp.mixed(List.of(same("a", rows), same("b", rows)), width);
    assertTrue(IntStream.range(1, mixed.size()).allMatch(i -> mixed.get(i - 1).time() <= mixed.get(i).time()));
    for (int bin = 0; bin < 10; bin++) {
      double from = 1 - width / 2 + bin * width / 10;
      var within =
          mixed.stream().filter(timed -> timed.time() >= from && timed.time() < from + width / 10).toList();
      long later = within.stream().filter(timed -> timed.row().label().equals("b")).count();
      assertEquals(rows * width / 10, within.size(), 4, "as many rows at all times");
      assertEquals((bin + 0.5) / 10, (double) later / within.size(), 0.05, "share in bin " + bin);
    }
    assertEquals(rows * 0.3, mixed.stream().filter(timed -> timed.time() < 0.3).count(), 2);
  }

  private static List<Example> same(String label, int count) {
    return IntStream.range(0, count).mapToObj(i -> Example.of(label + " " + i, label)).toList();
  }

  @Property(tries = 30)
  void of_rowsWithOrder_keepItWithinAGroup(@ForAll("datasets") Dataset dataset, @ForAll long seed) {
    var rows = new ArrayList<Example>();
    for (Example row : dataset.train()) {
      rows.add(new Example(row.input(), row.label(), null, (double) (rows.size() * 31 % 101)));
    }
    var ordered = new Dataset("ordered", rows, List.of(), List.of(), dataset.badRows());
    var stream = Streams.of(ordered, Scenario.of("gradual").withOption("width", "1"), 3, seed);
    for (var home : Streams.of(ordered, Scenario.CLASS_INCREMENTAL, 3, seed).experiences()) {
      var arrived = Rows.all(stream, Experience::train).stream()
          .filter(row -> home.classes().contains(row.label())).toList();
      assertEquals(home.train(), arrived);
    }
  }
}
