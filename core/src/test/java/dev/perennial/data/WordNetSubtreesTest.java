package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WordNetSubtreesTest {

  private final Dataset everything = WordNetSubtrees.read(Integer.MAX_VALUE / 2, 0, 1);

  private static Map<String, List<Example>> pieces(List<Example> rows) {
    var pieces = new TreeMap<String, List<Example>>();
    rows.forEach(row -> pieces.computeIfAbsent(String.valueOf(row.task()), name -> new ArrayList<>()).add(row));
    return pieces;
  }

  /** The glosses and their files are those of WordNet, each once. */
  @Test
  void read_everything_isWordNetInPiecesOfOneFileEach() {
    var files = new HashMap<Input, String>();
    WordNet.read(new WordNetOptions(Integer.MAX_VALUE / 2, 0, 0), 1).train()
        .forEach(row -> files.put(row.input(), row.label()));
    var here = new HashMap<Input, String>();
    everything.train().forEach(row -> here.put(row.input(), row.label()));
    assertEquals(files, here);
    assertEquals(files.size(), everything.train().size());
    var pieces = pieces(everything.train());
    assertEquals(WordNetSubtrees.PIECES, pieces.size());
    pieces.forEach((name, rows) -> {
      assertEquals(1, new HashSet<>(rows.stream().map(Example::label).toList()).size(), name);
      assertTrue(name.startsWith(rows.getFirst().label()), name);
    });
  }

  /** Apart from adjectives, which have no hypernyms, no piece is far larger than others. */
  @Test
  void read_everything_isCutEvenly() {
    pieces(everything.train()).forEach((name, rows) -> {
      assertTrue(name.startsWith("adj.") || name.startsWith("adv.") || rows.size() < 1500, () -> name + ": " + rows.size());
    });
  }

  @Test
  void read_dogsAndCats_areAmongAnimalsBelowTheSameSubtreeOrAnother() {
    var names = new TreeSet<>(pieces(everything.train()).keySet());
    assertTrue(names.contains("noun.animal"), names::toString);
    assertTrue(names.stream().anyMatch(name -> name.startsWith("noun.animal ")), names::toString);
    assertTrue(names.contains("adj.all"), names::toString);
  }

  @Test
  void read_few_takesAtMostTheNumbersOfEachPiece() {
    Dataset few = WordNetSubtrees.read(60, 12, 1);
    var learned = pieces(few.train());
    var tested = pieces(few.test());
    pieces(everything.train()).forEach((name, rows) -> {
      int tests = Math.min(12, rows.size() / 5);
      assertEquals(tests, tested.getOrDefault(name, List.of()).size(), name);
      assertEquals(Math.min(60, rows.size() - tests), learned.getOrDefault(name, List.of()).size(), name);
    });
    var texts = new HashSet<>(few.train());
    few.test().forEach(row -> assertTrue(texts.add(row), row.toString()));
    assertEquals(few, WordNetSubtrees.read(60, 12, 1));
    assertNotEquals(few.test(), WordNetSubtrees.read(60, 12, 2).test());
  }
}
