package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class MultiLabelPropertyTest {

  /** Rows of one to three labels of so many. */
  private static List<Example> rows(String part, int count, int labels, long seed) {
    var random = CounterRandom.of(seed, 1);
    var rows = new ArrayList<Example>();
    for (int i = 0; i < count; i++) {
      var own = new TreeSet<String>();
      own.add(Rows.label(i % labels));
      for (int k = 0; k < random.below(3L * i, 3); k++) {
        own.add(Rows.label(random.below(3L * i + 1 + k, labels)));
      }
      rows.add(new Example(new Input.Text(part + " " + i), Example.joined(own), null, null));
    }
    return rows;
  }

  private static List<String> pairs(List<Example> rows) {
    return rows.stream()
        .flatMap(row -> row.labels().stream().map(label -> Rows.text(row) + "=" + label)).sorted().toList();
  }

  @Property(tries = 100)
  void of_anyRows_bringsEveryPairOfRowAndLabelOnce(
      @ForAll @IntRange(min = 6, max = 12) int labels, @ForAll @IntRange(min = 30, max = 80) int count,
      @ForAll @IntRange(min = 1, max = 6) int tasks, @ForAll long seed) {
    var dataset = new Dataset(
        "sets", rows("train", count, labels, seed), List.of(), rows("test", 20, labels, seed), Dataset.BadRows.none(1));
    var stream = Rows.twice(dataset, Scenario.of("multi-label"), tasks, seed);
    Rows.assertNumbered(stream);
    assertEquals(tasks, stream.experiences().size());
    assertEquals(pairs(dataset.train()), pairs(Rows.all(stream, Experience::train)));
    var seen = new HashSet<String>();
    var tested = new ArrayList<String>();
    for (var experience : stream.experiences()) {
      experience.classes().forEach(label -> assertTrue(seen.add(label), label));
      experience.train().forEach(row -> assertEquals(1, row.labels().size()));
      Set<String> own = Set.copyOf(experience.classes());
      pairs(experience.test()).stream().filter(pair -> own.contains(pair.split("=", -1)[1])).forEach(tested::add);
      experience.test().forEach(row -> assertTrue(row.labels().stream().anyMatch(own::contains)));
    }
    assertEquals(pairs(dataset.test()), tested.stream().sorted().toList());
  }
}
