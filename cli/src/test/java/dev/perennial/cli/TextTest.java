package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import java.io.IOException;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.Chars;
import org.junit.jupiter.api.Test;

/** Settings, tables and words for a shell. */
final class TextTest {

  @Test
  void keyValues_valueWithEqualsSigns_isSplitAtTheFirst() {
    assertEquals("a=b=c", KeyValues.of("--option", List.of("sites= a=b=c ")).get("sites"));
  }

  @Test
  void keyValues_nameTwice_isRefused() {
    assertThrows(UsageException.class, () -> KeyValues.of("--option", List.of("rate=1", "rate=2")));
    assertThrows(UsageException.class, () -> KeyValues.of("--option", List.of("=2")));
  }

  @Test
  void table_wordsAndNumbers_standLeftAndRight() {
    String text = new Table("name", "parameters").row("head", "1,540").row("a", "7").text();
    assertEquals(List.of("name  parameters", "head       1,540", "a              7"), text.lines().toList());
  }

  @Property(tries = 25)
  void shellWord_anyWord_isReadBackByAShell(
      @ForAll @AlphaChars @Chars({' ', '\'', '"', '$', '\\', '*', ';', '~'}) String w) throws IOException {
    Process shell = new ProcessBuilder("sh", "-c", "printf %s " + Shell.word(w)).start();
    try (var reader = shell.inputReader()) {
      assertEquals(w, reader.readAllAsString());
    }
  }
}
