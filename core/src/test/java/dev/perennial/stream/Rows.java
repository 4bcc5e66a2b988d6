package dev.perennial.stream;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.summingInt;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** Datasets of numbered rows, and what holds for any stream of them. */
final class Rows {

  private Rows() {}

  /** A dataset: class c has 6 + (c * spread mod 23) rows to learn and half as many to test on, all texts different. */
  static Dataset of(int classes, int spread) {
    return new Dataset("numbers", rows("train", classes, spread, 1), List.of(), rows("test", classes, spread, 2),
        Dataset.BadRows.none(1));
  }

  private static List<Example> rows(String part, int classes, int spread, int divisor) {
    var rows = new ArrayList<Example>();
    for (int c = 0; c < classes; c++) {
      for (int i = 0; i < (6 + c * spread % 23) / divisor; i++) {
        rows.add(Example.of(part + " " + c + " " + i, label(c)));
      }
    }
    return rows;
  }

  /** The name of a class; they sort as their numbers do. */
  static String label(int number) {
    return "class %02d".formatted(number);
  }

  static Arbitrary<Dataset> any(int leastClasses) {
    return Combinators
        .combine(Arbitraries.integers().between(leastClasses, 20), Arbitraries.integers().between(0, 22))
        .as(Rows::of);
  }

  /** The same rows, with tasks that name four domains, in each of which every class may occur. */
  static Dataset withDomains(Dataset dataset) {
    return new Dataset(dataset.name(), domains(dataset.train()), List.of(), domains(dataset.test()),
        dataset.badRows());
  }

  private static List<Example> domains(List<Example> rows) {
    return IntStream.range(0, rows.size())
        .mapToObj(i -> new Example(rows.get(i).input(), rows.get(i).label(), "domain " + i % 4, null)).toList();
  }

  /** Every row is in exactly one experience, as it is in the dataset; experiences know their places and classes. */
  static void assertWhole(Dataset dataset, Stream stream) {
    assertEquals(sorted(dataset.train()), sorted(all(stream, Experience::train)));
    assertEquals(sorted(dataset.test()), sorted(all(stream, Experience::test)));
    assertNumbered(stream);
  }

  static void assertNumbered(Stream stream) {
    for (int i = 0; i < stream.experiences().size(); i++) {
      var experience = stream.experiences().get(i);
      assertEquals(i, experience.index());
      assertTrue(!experience.train().isEmpty(), experience::name);
      assertEquals(List.copyOf(counts(experience.train()).keySet()), experience.classes().stream().sorted().toList());
    }
  }

  /** The same arguments give the same digest. */
  static Stream twice(Dataset dataset, Scenario scenario, int tasks, long seed) {
    var stream = Streams.of(dataset, scenario, tasks, seed);
    assertEquals(stream.digest(), Streams.of(dataset, scenario, tasks, seed).digest());
    return stream;
  }

  /** Test rows of each class are where its training rows are, to one row. */
  static void assertTestRowsFollow(Stream stream, Function<Example, String> key) {
    var learned = sums(all(stream, Experience::train), key);
    var tested = sums(all(stream, Experience::test), key);
    for (var experience : stream.experiences()) {
      var own = sums(experience.train(), key);
      var test = sums(experience.test(), key);
      tested.forEach((name, total) -> {
        double expected = (double) total * own.getOrDefault(name, 0) / learned.getOrDefault(name, 1);
        assertEquals(expected, test.getOrDefault(name, 0), 1 - 1e-9, name + " of " + experience.name());
      });
    }
  }

  static List<Example> all(Stream stream, Function<Experience, List<Example>> part) {
    return stream.experiences().stream().flatMap(e -> part.apply(e).stream()).toList();
  }

  static TreeMap<String, Integer> counts(List<Example> rows) {
    return sums(rows, Example::label);
  }

  static TreeMap<String, Integer> sums(List<Example> rows, Function<Example, String> key) {
    return rows.stream().collect(groupingBy(key, TreeMap::new, summingInt(row -> 1)));
  }

  static List<String> sorted(List<Example> rows) {
    return rows.stream().map(Example::toString).sorted().toList();
  }

  /** The number that a text starts with after its part: its class. */
  static String text(Example row) {
    return ((Input.Text) row.input()).value();
  }

  /** The experience that each class has most rows in. */
  static Map<String, Integer> homes(Stream stream) {
    var homes = new TreeMap<String, Integer>();
    var most = new TreeMap<String, Integer>();
    for (var experience : stream.experiences()) {
      counts(experience.train()).forEach((label, count) -> {
        if (count > most.getOrDefault(label, 0)) {
          most.put(label, count);
          homes.put(label, experience.index());
        }
      });
    }
    return homes;
  }
}
