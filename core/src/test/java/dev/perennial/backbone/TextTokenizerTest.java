package dev.perennial.backbone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class TextTokenizerTest {

  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() throws IOException {
    tokenizer = minilm(16);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  private static TextTokenizer minilm(int maxLength) throws IOException {
    try (InputStream json = Objects.requireNonNull(
        TextTokenizerTest.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json"))) {
      return new TextTokenizer(json, "minilm", maxLength);
    }
  }

  private static int[] ids(String text) {
    return tokenizer.encode(List.of(text)).getFirst().ids();
  }

  @Test
  void encode_knownSentence_givesItsIds() {
    assertArrayEquals(new int[] {101, 7592, 2088, 102}, ids("hello world"));
    assertArrayEquals(new int[] {101, 7592, 2088, 102}, ids("Hello WORLD"));
    assertArrayEquals(new int[] {101, 19204, 3989, 999, 102}, ids("tokenization!"));
  }

  @Test
  void encode_textWithoutWords_givesTheSpecialTokens() {
    assertArrayEquals(new int[] {101, 102}, ids(""));
    assertArrayEquals(new int[] {101, 102}, ids(" \t\n "));
  }

  /** The file asks for padding to 128 tokens and truncation to 128. */
  @Test
  void encode_longText_isCutAndShortOnesAreNotPadded() throws IOException {
    int[] cut = ids("hello ".repeat(1000));
    assertEquals(16, cut.length);
    assertEquals(101, cut[0]);
    assertEquals(7592, cut[14]);
    assertEquals(102, cut[15]);
    assertEquals(3, ids("hello").length);
    try (TextTokenizer longer = minilm(256)) {
      assertEquals(256, longer.encode(List.of("hello ".repeat(1000))).getFirst().ids().length);
    }
  }

  @Test
  void encode_textsAroundTheLimit_saysWhichWereCut() {
    List<Row.Tokens> rows =
        tokenizer.encode(List.of("hello ".repeat(14), "hello ".repeat(15), "hello", "hello ".repeat(200)));
    assertEquals(List.of(false, true, false, true), rows.stream().map(Row.Tokens::isCut).toList());
    assertEquals(16, rows.getFirst().ids().length);
  }

  @Test
  void encode_manyTexts_givesEachItsOwnIdsInOrder() {
    var texts = new ArrayList<String>();
    for (int i = 0; i < 2500; i++) {
      texts.add(i % 3 == 0 ? "hello" : "number " + i);
    }
    List<Row.Tokens> together = tokenizer.encode(texts);
    assertEquals(2500, together.size());
    for (int i : new int[] {0, 1, 1023, 1024, 1025, 2047, 2048, 2499}) {
      assertArrayEquals(ids(texts.get(i)), together.get(i).ids(), texts.get(i));
    }
  }

  @Test
  void encode_nothing_givesNothing() {
    assertEquals(0, tokenizer.encode(List.of()).size());
  }

  @Test
  void open_notATokenizer_isOneLine() {
    for (String json : List.of(
        "", "{}", "not json\nat all", TinyBert.TOKENIZER_JSON.replace("WordLevel", "Nonsense"))) {
      var bytes = new ByteArrayInputStream(json.getBytes(UTF_8));
      String message = Refusal.message(FailureException.class, () -> new TextTokenizer(bytes, "here.json", 16));
      assertTrue(message.contains("here.json"), message);
    }
  }
}
