package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;

final class DriftPropertyTest {

  private static final Scenario DRIFT = Scenario.of("drift");

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  @Provide
  Arbitrary<String> kinds() {
    return Arbitraries.of("sudden", "gradual", "recurring");
  }

  @Property(tries = 150)
  void of_anyKind_losesNoRowAndCutsEvenly(
      @ForAll("datasets") Dataset labels, @ForAll("kinds") String kind, @ForAll boolean domains,
      @ForAll @IntRange(min = 1, max = 9) int tasks, @ForAll long seed) {
    var dataset = domains ? Rows.withDomains(labels) : labels;
    var stream = Rows.twice(dataset, DRIFT.withOption("kind", kind), tasks, seed);
    Rows.assertWhole(dataset, stream);
    Rows.assertTestRowsFollow(stream, domains ? Tasks::of : Example::label);
    var sizes = stream.experiences().stream().map(e -> e.train().size()).toList();
    assertEquals(tasks, sizes.size());
    assertTrue(sizes.getFirst() - sizes.getLast() <= 1, sizes.toString());
  }

  /** Which domains come, one after the other; the same twice in a row is one. */
  private static List<String> runs(Stream stream) {
    var runs = new ArrayList<String>();
    for (Example row : Rows.all(stream, Experience::train)) {
      if (runs.isEmpty() || !runs.getLast().equals(row.task())) {
        runs.add(Tasks.of(row));
      }
    }
    return runs;
  }

  @Property(tries = 50)
  void of_domains_comeOnceOrInRounds(
      @ForAll("datasets") Dataset labels, @ForAll @IntRange(min = 2, max = 5) int rounds, @ForAll long seed) {
    var dataset = Rows.withDomains(labels);
    var sudden = runs(Streams.of(dataset, DRIFT, 5, seed));
    assertEquals(4, sudden.size());
    assertEquals(4, new HashSet<>(sudden).size());
    var recurring = Streams.of(
        dataset, DRIFT.withOption("kind", "recurring").withOption("rounds", "" + rounds), 0, seed);
    assertEquals(4 * rounds, recurring.experiences().size());
    var expected = new ArrayList<String>();
    for (int round = 0; round < rounds; round++) {
      expected.addAll(sudden);
    }
    assertEquals(expected, runs(recurring));
  }

  /** A share of width / 8 of a domain comes before where it would come suddenly, and as much after. */
  @Property(tries = 50)
  void of_gradualDomains_spillsAnEighthOfTheWidthOverEachBorder(
      @ForAll("datasets") Dataset labels, @ForAll @DoubleRange(max = 1) double width, @ForAll long seed) {
    var dataset = Rows.withDomains(labels);
    var order = runs(Streams.of(dataset, DRIFT, 5, seed));
    var rows = Rows.all(
        Streams.of(dataset, DRIFT.withOption("kind", "gradual").withOption("width", "" + width), 5, seed),
        Experience::train);
    var first = Rows.sums(dataset.train(), Tasks::of).getOrDefault(order.getFirst(), 0);
    var second = Rows.sums(dataset.train(), Tasks::of).getOrDefault(order.get(1), 0);
    long late = rows.subList(first, rows.size()).stream().filter(row -> Tasks.of(row).equals(order.getFirst())).count();
    assertEquals(width / 8 * (first + second) / 2, late, 2);
    var early = new HashSet<>(rows.subList(0, first).stream().map(Tasks::of).toList());
    assertTrue(List.of(order.getFirst(), order.get(1)).containsAll(early), early.toString());
  }

  /** The groups of classes are those of the class-incremental stream with as many tasks as concepts. */
  @Property(tries = 50)
  void of_labels_hasThePurityAskedFor(
      @ForAll("datasets") Dataset dataset, @ForAll @IntRange(min = 2, max = 4) int concepts,
      @ForAll @DoubleRange(min = 0.5, max = 1) double purity, @ForAll long seed) {
    var groups = Streams.of(dataset, Scenario.CLASS_INCREMENTAL, concepts, seed).experiences();
    var rows = Rows.all(
        Streams.of(dataset, DRIFT.withOption("concepts", "" + concepts).withOption("purity", "" + purity), 3, seed),
        Experience::train);
    long all = groups.stream().mapToLong(group -> Math.round((1 - purity) * group.train().size())).sum();
    int from = 0;
    for (var group : groups) {
      var concept = rows.subList(from, from + group.train().size());
      long foreign = concept.stream().filter(row -> !group.classes().contains(row.label())).count();
      long asked = Math.round((1 - purity) * group.train().size());
      assertEquals(Math.min(asked, all - asked), foreign, concepts > 2 ? 0 : 0.1);
      from += concept.size();
    }
  }
}
