package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class HierarchicalPropertyTest {

  /** Labels such as {@code a.2.5}: three levels, of 2, 4 and {@code leaves} labels; every leaf has its own rows. */
  private static Dataset dataset(int leaves, int rows) {
    return new Dataset(
        "tree", rows("train", leaves, rows), List.of(), rows("test", leaves, rows), Dataset.BadRows.none(1));
  }

  private static List<Example> rows(String part, int leaves, int count) {
    var rows = new ArrayList<Example>();
    for (int leaf = 0; leaf < leaves; leaf++) {
      for (int i = 0; i < count; i++) {
        rows.add(Example.of(part + " " + leaf + " " + i, leaf(leaf)));
      }
    }
    return rows;
  }

  private static String leaf(int number) {
    return (number % 2 == 0 ? "a" : "b") + "." + number % 4 + "." + number;
  }

  @Property(tries = 100)
  void of_threeLevels_bringsEveryRowOnceUnderItsLabelOfThatLevel(
      @ForAll @IntRange(min = 8, max = 15) int leaves, @ForAll @IntRange(min = 3, max = 9) int rows,
      @ForAll @IntRange(min = 1, max = 4) int each, @ForAll long seed) {
    var dataset = dataset(leaves, rows);
    var stream = Rows.twice(dataset, Scenario.of("hierarchical"), 1 + 2 * each, seed);
    Rows.assertNumbered(stream);
    assertEquals(1 + 2 * each, stream.experiences().size());
    var texts = new TreeSet<String>();
    var ofLeaf = new TreeMap<String, Integer>();
    for (var experience : stream.experiences()) {
      int level = experience.index() == 0 ? 0 : experience.index() <= each ? 1 : 2;
      for (var part : List.of(experience.train(), experience.test())) {
        for (Example row : part) {
          assertTrue(texts.add(Rows.text(row)), () -> Rows.text(row) + " came twice");
          String leaf = leaf(Integer.parseInt(Rows.text(row).split(" ", -1)[1]));
          assertEquals(String.join(".", List.of(leaf.split("\\.", -1)).subList(0, level + 1)), row.label());
          ofLeaf.merge(leaf + " on level " + level + " of " + Rows.text(row).split(" ", -1)[0], 1, Integer::sum);
        }
      }
      experience.test().forEach(row -> assertTrue(experience.classes().contains(row.label())));
    }
    assertEquals(2 * leaves * rows, texts.size());
    ofLeaf.values().forEach(count -> assertEquals(rows / 3.0, count, 1 - 1e-9));
    assertEquals(2, stream.experiences().getFirst().classes().size());
    assertEquals(2 + 4 + leaves, stream.classes().size());
  }

  @Property(tries = 20)
  void of_labelOfOneLevelAmongTwo_keepsItsName(@ForAll long seed) {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < 10; i++) {
      rows.add(Example.of("flat " + i, "flat"));
      rows.add(Example.of("deep " + i, "deep.one"));
    }
    var stream = Streams.of(
        new Dataset("two", rows, List.of(), List.of(), Dataset.BadRows.none(1)), Scenario.of("hierarchical"), 0, seed);
    assertEquals(List.of(List.of("deep", "flat"), List.of("deep.one", "flat")),
        stream.experiences().stream().map(e -> e.classes().stream().sorted().toList()).toList());
  }
}
