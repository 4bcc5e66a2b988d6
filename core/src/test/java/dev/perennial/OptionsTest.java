package dev.perennial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class OptionsTest {

  public enum Colour {
    RED,
    DARK_BLUE
  }

  public record Inner(double share, String pattern) {

    public Inner {
      if (!(share >= 0 && share <= 1)) {
        throw new UsageException("expected a share between 0 and 1, got " + share);
      }
    }
  }

  public record Outer(int count, Inner inner, long size, boolean fast, Colour colour) {}

  public record Twice(double share, Inner inner) {}

  public record Odd(List<String> names) {}

  private static final Outer DEFAULTS = new Outer(3, new Inner(0.5, "a|b"), 1L << 40, false, Colour.DARK_BLUE);

  @Test
  void flat_nestedRecord_isOneListInOrder() {
    Map<String, Object> flat = Options.flat(DEFAULTS);
    assertEquals(List.of("count", "share", "pattern", "size", "fast", "colour"), new ArrayList<>(flat.keySet()));
    assertEquals(
        Map.of("count", 3, "share", 0.5, "pattern", "a|b", "size", 1L << 40, "fast", false, "colour", "dark-blue"), flat);
  }

  @Test
  void flat_sameNameTwice_isADefect() {
    assertThrows(IllegalStateException.class, () -> Options.flat(new Twice(1, DEFAULTS.inner())));
  }

  @Test
  void flat_componentOfAnotherType_isADefect() {
    assertThrows(IllegalStateException.class, () -> Options.flat(new Odd(List.of())));
  }

  @Test
  void of_nothingAsked_isTheDefaults() {
    assertEquals(DEFAULTS, Options.of(DEFAULTS, Map.of(), "it"));
  }

  @Test
  void of_everythingAsked_isEverything() {
    var asked = Map.of(
        "count", " 4 ", "share", "1e-1", "pattern", " x ", "size", "7", "fast", "TRUE", "colour", "red");
    assertEquals(new Outer(4, new Inner(0.1, " x "), 7, true, Colour.RED), Options.of(DEFAULTS, asked, "it"));
  }

  @Test
  void of_whatFlatShows_isTheSameAgain() {
    var asked = new HashMap<String, String>();
    Options.flat(DEFAULTS).forEach((name, value) -> asked.put(name, value.toString()));
    assertEquals(DEFAULTS, Options.of(new Outer(0, new Inner(0, ""), 0, true, Colour.RED), asked, "it"));
  }

  @Test
  void of_unknownName_listsNamesWithDefaultsAndTheNearest() {
    assertEquals("expected an option of technique t, got Colr: with their defaults there are count=3, share=0.5,"
        + " pattern=a|b, size=1099511627776, fast=false, colour=dark-blue; did you mean colour?", refused("Colr", "red"));
    assertEquals("expected an option of technique t, got zzz: with their defaults there are count=3, share=0.5,"
        + " pattern=a|b, size=1099511627776, fast=false, colour=dark-blue", refused("zzz", "1"));
  }

  @Test
  void of_valueOfAnotherType_tellsTheType() {
    assertEquals("expected a whole number for the option count of technique t, got \"1.5\"", refused("count", "1.5"));
    assertEquals("expected a whole number for the option size of technique t, got \"\"", refused("size", ""));
    assertEquals("expected a number for the option share of technique t, got \"half\"", refused("share", "half"));
    assertEquals("expected true or false for the option fast of technique t, got \"yes\"", refused("fast", "yes"));
    assertEquals("expected red or dark-blue for the option colour of technique t, got \"green\"",
        refused("colour", "green"));
  }

  @Test
  void of_valueOutOfRange_tellsTheRange() {
    assertEquals("option of technique t: expected a share between 0 and 1, got 2.0", refused("share", "2"));
    assertEquals("option of technique t: expected a share between 0 and 1, got NaN", refused("share", "NaN"));
  }

  private static String refused(String name, String value) {
    return String.valueOf(assertThrows(
        UsageException.class, () -> Options.of(DEFAULTS, Map.of(name, value), "technique t")).getMessage());
  }
}
