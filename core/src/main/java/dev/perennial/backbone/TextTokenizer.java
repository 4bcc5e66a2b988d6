package dev.perennial.backbone;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
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

  /** The token ids of each text, special tokens included. O(characters), on all processors. */
  int[][] encode(List<String> texts) {
    int[][] ids = new int[texts.size()][];
    for (int start = 0; start < ids.length; start += CHUNK) {
      Encoding[] encodings = tokenizer.batchEncode(texts.subList(start, Math.min(start + CHUNK, ids.length)));
      for (int i = 0; i < encodings.length; i++) {
        ids[start + i] = Arrays.stream(encodings[i].getIds()).mapToInt(Math::toIntExact).toArray();
      }
    }
    return ids;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
