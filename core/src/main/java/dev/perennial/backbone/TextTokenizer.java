package dev.perennial.backbone;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.perennial.FailureException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;

/** The tokenizer of a text encoder, as its {@code tokenizer.json} describes it. Safe for use by several threads. */
final class TextTokenizer implements AutoCloseable {

  private final HuggingFaceTokenizer tokenizer;

  /**
   * @param json a tokenizer.json
   * @param where its name, for messages
   * @param maxLength longer texts are cut to so many tokens, special tokens included
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

  /** The token ids of each text, special tokens included. */
  int[][] encode(List<String> texts) {
    Encoding[] encodings = tokenizer.batchEncode(texts);
    int[][] ids = new int[encodings.length][];
    for (int i = 0; i < encodings.length; i++) {
      long[] wide = encodings[i].getIds();
      int[] narrow = new int[wide.length];
      for (int j = 0; j < wide.length; j++) {
        narrow[j] = Math.toIntExact(wide[j]);
      }
      ids[i] = narrow;
    }
    return ids;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
