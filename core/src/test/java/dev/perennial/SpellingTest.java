package dev.perennial;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class SpellingTest {

  private static final List<String> NAMES = List.of("replay", "g-acil", "joint", "ncm");

  @Test
  void nearest_oneOrTwoLettersOff_isFound() {
    assertEquals(Optional.of("replay"), Spelling.nearest("reply", NAMES));
    assertEquals(Optional.of("g-acil"), Spelling.nearest("GACIL", NAMES));
    assertEquals(Optional.of("ncm"), Spelling.nearest("nm", NAMES));
    assertEquals("; did you mean joint?", Spelling.suggestion("joined", NAMES));
  }

  @Test
  void nearest_nothingLikeIt_isEmpty() {
    assertEquals(Optional.empty(), Spelling.nearest("transformer", NAMES));
    assertEquals("", Spelling.suggestion("x", List.of()));
  }

  @Test
  void nearest_severalAsNear_isTheFirst() {
    assertEquals(Optional.of("ab"), Spelling.nearest("a", List.of("ab", "ac")));
  }
}
