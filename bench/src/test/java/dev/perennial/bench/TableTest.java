package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

final class TableTest {

  @Test
  void text_ofRows_alignsNamesLeftAndNumbersRight() {
    var table = new Table("", "seconds").row("ours", "1.25").row("the peer", "10.00");
    assertEquals(List.of("          seconds", "ours         1.25", "the peer    10.00"), table.text().lines().toList());
    assertThrows(IllegalArgumentException.class, () -> table.row("no number"));
  }

  @Test
  void numbers_ofAllSizes_areShownWithTheDigitsThatCount() {
    assertEquals("1,234", Numbers.whole(1234.4));
    assertEquals("12.3", Numbers.rate(12.34));
    assertEquals("1,234", Numbers.rate(1234.4));
    assertEquals("3.1e-06", Numbers.tiny(3.14e-6));
    assertEquals("12.50 ms", Numbers.duration(0.0125));
    assertEquals("1,250 ms", Numbers.duration(1.25));
    assertEquals("12.5 s", Numbers.duration(12.5));
  }
}
