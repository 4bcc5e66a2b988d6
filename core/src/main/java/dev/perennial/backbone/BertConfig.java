package dev.perennial.backbone;

/**
 * The shape of a BERT encoder, in the terms of Hugging Face's {@code config.json}.
 *
 * @param vocabulary tokens
 * @param hidden features of a token
 * @param layers blocks
 * @param heads attention heads; divides {@code hidden}
 * @param intermediate features inside the feed-forward part
 * @param positions longest sequence, in tokens
 * @param types kinds of token
 * @param layerNormEps added to the variance under the root
 */
record BertConfig(
    int vocabulary, int hidden, int layers, int heads, int intermediate, int positions, int types,
    double layerNormEps) {

  private static final int MOST_FEATURES = 1 << 16;
  private static final int MOST_LAYERS = 1 << 10;

  /**
   * Checks the shape.
   *
   * @throws IllegalArgumentException if no BERT encoder has it; the message is one line without a place
   */
  BertConfig {
    check("vocabulary", vocabulary, Integer.MAX_VALUE);
    check("hidden size", hidden, MOST_FEATURES);
    check("number of layers", layers, MOST_LAYERS);
    check("number of attention heads", heads, hidden);
    check("intermediate size", intermediate, MOST_FEATURES);
    check("number of positions", positions, Integer.MAX_VALUE);
    check("number of token types", types, Integer.MAX_VALUE);
    if (hidden % heads != 0) {
      throw new IllegalArgumentException(
          "expected a hidden size that divides by the heads, got " + hidden + " and " + heads + " heads");
    }
    if (!(layerNormEps > 0 && layerNormEps < 1)) {
      throw new IllegalArgumentException("expected a layer norm epsilon between 0 and 1, got " + layerNormEps);
    }
  }

  private static void check(String what, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException("expected a " + what + " from 1 to " + most + ", got " + value);
    }
  }

  /** Features that a Linear module of a block takes in. */
  int inOf(String module) {
    return module.equals("output.dense") ? intermediate : hidden;
  }

  /** Features that a Linear module of a block gives out. */
  int outOf(String module) {
    return module.equals("intermediate.dense") ? intermediate : hidden;
  }
}
