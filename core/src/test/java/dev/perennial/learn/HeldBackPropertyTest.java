package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class HeldBackPropertyTest {

  @Property(tries = 200)
  void of_anyClasses_losesAndDoublesNoRowAndLeavesEachClassSome(
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 120) Integer> sizes,
      @ForAll @IntRange(min = 1, max = 50) int percent, @ForAll long seed) {
    var rows = new ArrayList<Example>();
    for (int c = 0; c < sizes.size(); c++) {
      for (int i = 0; i < sizes.get(c); i++) {
        rows.add(Example.of(c + " " + i, "class " + c));
      }
    }
    var experience = new Experience(3, "three", List.of("class 0"), rows, List.of());
    HeldBack parts = HeldBack.of(experience, percent / 100.0, CounterRandom.of(seed));
    var all = new ArrayList<>(parts.first().train());
    all.addAll(parts.rows());
    assertEquals(rows.size(), all.size());
    assertEquals(new HashSet<>(rows), new HashSet<>(all));
    var held = new HashMap<String, Integer>();
    parts.rows().forEach(row -> held.merge(row.label(), 1, Integer::sum));
    for (int c = 0; c < sizes.size(); c++) {
      int size = sizes.get(c);
      int expected = size < HeldBack.LEAST ? 0 : Math.max(1, (int) (size * (percent / 100.0)));
      assertEquals(expected, held.getOrDefault("class " + c, 0));
      assertTrue(expected < size);
    }
    assertEquals(3, parts.first().index());
    assertEquals(parts.rows(), HeldBack.of(experience, percent / 100.0, CounterRandom.of(seed)).rows());
  }
}
