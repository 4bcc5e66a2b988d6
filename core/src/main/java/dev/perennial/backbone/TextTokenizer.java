package dev.perennial.backbone;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** The tokenizer of a text encoder, as its {@code tokenizer.json} describes it. Safe for use by several threads. */
final class TextTokenizer implements AutoCloseable {

  /** Texts that are encoded at once: what the library keeps of a token is a hundred times its id. */
  private static final int CHUNK = 1024;

  private final HuggingFaceTokenizer tokenizer;

  /**
   * Reads a tokenizer. Padding and truncation that the file asks for are not done.
   *
   * @param json a tokenizer.json
   * @param where its name, for messages
   * @param maxLength longer texts are cut to so many tokens, special tokens included
   * @throws FailureException if the file is no tokenizer
   */
  TextTokenizer(InputStream json, String where, int maxLength) {
    // The library would otherwise announce itself to its makers over the network.
    System.setProperty("OPT_OUT_TRACKING", "true");
    System.setProperty("ai.djl.offline", "true");
    try {
      tokenizer = HuggingFaceTokenizer.newInstance(
          json, Map.of("padding", "false", "truncation", "true", "maxLength", Integer.toString(maxLength)));
    } catch (IOException | RuntimeException e) {
      throw new FailureException("expected a Hugging Face tokenizer.json in " + where + ", got one that does not load: "
          + e.getMessage(), e);
    }
  }

  /** The tokens of each text. O(characters), on all processors. */
  List<Row.Tokens> encode(List<String> texts) {
    var rows = new ArrayList<Row.Tokens>(texts.size());
    for (int start = 0; start < texts.size(); start += CHUNK) {
      for (Encoding encoding : tokenizer.batchEncode(texts.subList(start, Math.min(start + CHUNK, texts.size())))) {
        rows.add(new Row.Tokens(
            Arrays.stream(encoding.getIds()).mapToInt(Math::toIntExact).toArray(), encoding.exceedMaxLength()));
      }
    }
    return rows;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
