package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ContradictionsTest {

  @Test
  void of_textsUnderSeveralLabels_countsTextsAndTheirRows() {
    var found = Contradictions.of(List.of(
        Example.of("a", "x"), Example.of("b", "x"), Example.of("a", "x"), Example.of("c", "y"), Example.of("b", "z"),
        Example.of("a", "y"), Example.of("b", "y")));
    assertEquals(new Contradictions(2, 6, "'b' under x and z"), found);
  }

  @Test
  void of_rowsThatRepeat_isNone() {
    assertEquals(new Contradictions(0, 0, ""),
        Contradictions.of(List.of(Example.of("a", "x"), Example.of("a", "x"), Example.of("A", "y"))));
    byte[] samples = {1};
    assertEquals(0, Contradictions.of(List.of(
        new Example(new Input.Image(1, 1, 1, samples), "x", null, null),
        new Example(new Input.Image(1, 1, 1, samples), "y", null, null))).texts());
  }

  @Test
  void of_longTextOfSeveralLines_isShownInOneShortLine() {
    String text = "word\n".repeat(100);
    String first = Contradictions.of(List.of(Example.of(text, "x"), Example.of(text, "y"))).first();
    assertEquals("'" + "word ".repeat(6) + "…' under x and y", first);
  }
}
