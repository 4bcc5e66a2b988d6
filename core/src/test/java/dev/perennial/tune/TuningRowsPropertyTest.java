package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class TuningRowsPropertyTest {

  private static final int TRIES = 60;

  /** Class c has {@code sizes[c]} rows to learn, as many for testing, and, where c is even, three for validation. */
  private static Dataset dataset(List<Integer> sizes) {
    var train = new ArrayList<Example>();
    var validation = new ArrayList<Example>();
    var test = new ArrayList<Example>();
    for (int c = 0; c < sizes.size(); c++) {
      for (int i = 0; i < sizes.get(c); i++) {
        train.add(Example.of("train " + c + " " + i, "class " + c));
        test.add(Example.of("test " + c + " " + i, "class " + c));
      }
      for (int i = 0; c % 2 == 0 && i < 3; i++) {
        validation.add(Example.of("validation " + c + " " + i, "class " + c));
      }
    }
    return new Dataset("rows", train, validation, test, Dataset.BadRows.none(0));
  }

  private static List<Example> of(List<Example> rows, int c) {
    return rows.stream().filter(row -> row.label().equals("class " + c)).toList();
  }

  @Property(tries = TRIES)
  void part_ofAll_isEveryRowOnce_andNoTestRow(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 40) Integer> sizes, @ForAll long seed) {
    Dataset all = dataset(sizes);
    TuningRows rows = TuningRows.of(all, seed);
    Dataset part = rows.part(rows.most());
    var given = new HashSet<>(all.train());
    given.addAll(all.validation());
    var found = new ArrayList<>(part.train());
    found.addAll(part.test());
    assertEquals(given.size(), found.size());
    assertEquals(given, new HashSet<>(found));
    assertEquals(List.of(), part.validation());
    assertEquals(part.train().size(), rows.learned());
    assertEquals(part.test().size(), rows.judged());
    for (int c = 0; c < sizes.size(); c++) {
      int size = sizes.get(c);
      int held = c % 2 == 0 ? 3 : size == 1 ? 0 : (int) Math.max(1, Math.round(0.2 * size));
      assertEquals(held, of(part.test(), c).size());
    }
  }

  @Property(tries = TRIES)
  void part_larger_holdsTheSmaller_inTheOrderOfTheSource(
      @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 1, max = 40) Integer> sizes, @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 39) int perClass) {
    Dataset all = dataset(sizes);
    TuningRows rows = TuningRows.of(all, seed);
    Dataset small = rows.part(perClass);
    Dataset large = rows.part(perClass + 1);
    assertTrue(Set.copyOf(large.train()).containsAll(small.train()));
    assertTrue(Set.copyOf(large.test()).containsAll(small.test()));
    assertEquals(all.train().stream().filter(Set.copyOf(small.train())::contains).toList(), small.train());
    for (int c = 0; c < sizes.size(); c++) {
      int learned = of(small.train(), c).size();
      assertFalse(learned == 0, "every class is in every part");
      assertEquals(Math.min(perClass, of(rows.part(rows.most()).train(), c).size()), learned);
    }
  }
}
