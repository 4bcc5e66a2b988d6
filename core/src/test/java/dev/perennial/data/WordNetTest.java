package dev.perennial.data;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WordNetTest {

  private static final WordNetOptions EVERYTHING =
      new WordNetOptions(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);

  private final Dataset everything = WordNet.read(EVERYTHING, 1);
  private final Dataset cut = WordNet.read(WordNetOptions.DEFAULT, 1);

  private static Map<String, Long> counts(List<Example> rows) {
    return rows.stream().collect(groupingBy(Example::label, counting()));
  }

  @Test
  void read_everything_hasEachDistinctGlossOnce() {
    var texts = new HashSet<Input>();
    everything.train().forEach(row -> texts.add(row.input()));
    everything.test().forEach(row -> texts.add(row.input()));
    assertEquals(texts.size(), everything.train().size() + everything.test().size());
    assertEquals(117_791 - 617, texts.size());
    assertEquals(45, counts(everything.train()).size());
  }

  @Test
  void read_wellKnownSynset_isInItsFile() {
    var rows = new HashSet<>(everything.train());
    rows.addAll(everything.test());
    assertTrue(rows.contains(Example.of(
        "that which is perceived or known or inferred to have its own distinct existence (living or nonliving)",
        "noun.Tops")));
  }

  @Test
  void read_default_takesAtMostTheNumbersOfEachClass() {
    var all = counts(everything.train());
    counts(everything.test()).forEach((label, n) -> all.merge(label, n, Long::sum));
    var train = counts(cut.train());
    var validation = counts(cut.validation());
    var test = counts(cut.test());
    all.forEach((label, n) -> {
      long tested = Math.min(60, n / 5);
      long learned = Math.min(300, n - tested);
      assertEquals(tested, test.getOrDefault(label, 0L), label);
      assertEquals(learned, train.getOrDefault(label, 0L), label);
      assertEquals(Math.min(20, n - tested - learned), validation.getOrDefault(label, 0L), label);
    });
    assertEquals(0, validation.getOrDefault("noun.motive", 0L));
  }

  @Test
  void read_default_hasNoTextInTwoParts() {
    var texts = new HashSet<Input>();
    for (var part : List.of(cut.train(), cut.validation(), cut.test())) {
      part.forEach(row -> assertTrue(texts.add(row.input()), row.toString()));
    }
  }

  @Test
  void read_sameSeed_isTheSameAndOtherSeedIsAnother() {
    assertEquals(cut, WordNet.read(WordNetOptions.DEFAULT, 1));
    assertNotEquals(cut.test(), WordNet.read(WordNetOptions.DEFAULT, 2).test());
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals(
        "WordNet rows per class: expected 1 or more to learn and 0 or more for validation and test, not 0, 20 and 60",
        TableFixtures.problem(UsageException.class, () -> new WordNetOptions(0, 20, 60)));
  }
}
