package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.server.source.RowFormat.MalformedException;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RowFormatTest {

  @Test
  void read_anObject_givesItsTextAndLabelWhateverElseIsInIt() throws MalformedException {
    var format = new RowFormat("q", "intent", 1_000);
    String row = "{\"x\": {\"q\": [1, {}]}, \"intent\": \"größe\\n\", \"q\": \"日本 \\ud83d\\ude00\", \"y\": null}";
    assertEquals(new Row("日本 😀", "größe\n"), format.read(row.getBytes(UTF_8)));
  }

  @Test
  void read_whatIsNoRow_saysWhyInOneLine() {
    var cases = Map.ofEntries(
        Map.entry("", "it is not a JSON object"),
        Map.entry("[]", "it is not a JSON object"),
        Map.entry("{\"text\": \"a\"}", "its field label is missing"),
        Map.entry("{\"text\": \" \", \"label\": \"b\"}", "its field text is blank"),
        Map.entry("{\"text\": 1, \"label\": \"b\"}", "its field text is not a text"),
        Map.entry("{\"text\": null, \"label\": \"b\"}", "its field text is not a text"),
        Map.entry("{\"text\": \"a\", \"label\": \"b\"} {}", "something follows its JSON object"),
        Map.entry("{\"text\": \"a\", \"label\": \"b\"", "it is not JSON"),
        Map.entry("{\"text\": \"a\", \"text\": \"c\", \"label\": \"b\"}", "it is not JSON"),
        Map.entry("{\"text\": \"a\", \"label\": \"b\", \"x\": " + "[".repeat(100) + "]".repeat(100) + "}", "it is not JSON"),
        Map.entry("{\"text\": \"" + "a".repeat(1_000) + "\", \"label\": \"b\"}", "bytes, and 1000 is the most"));
    var format = new RowFormat("text", "label", 1_000);
    cases.forEach((row, reason) -> {
      var refusal = assertThrows(MalformedException.class, () -> format.read(row.getBytes(UTF_8)));
      assertEquals(true, refusal.reason().contains(reason), refusal.reason());
      assertEquals(1, refusal.reason().lines().count());
    });
    byte[] latin1 = {'{', '"', 't', 'e', 'x', 't', '"', ':', '"', (byte) 0xFC, '"', '}'};
    assertEquals("it is not UTF-8", assertThrows(MalformedException.class, () -> format.read(latin1)).reason());
    assertThrows(UsageException.class, () -> new RowFormat("a", "a", 1_000));
    assertThrows(UsageException.class, () -> new RowFormat("a", "b", 1));
  }
}
