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
 * @param layerNormEps added to the variance under the root
 */
record BertConfig(
    int vocabulary, int hidden, int layers, int heads, int intermediate, int positions, double layerNormEps) {

  BertConfig {
    if (vocabulary < 1 || hidden < 1 || layers < 1 || heads < 1 || intermediate < 1 || positions < 1
        || hidden % heads != 0 || !(layerNormEps > 0)) {
      throw new IllegalArgumentException("not the shape of a BERT encoder: hidden " + hidden + ", layers " + layers
          + ", heads " + heads + ", intermediate " + intermediate + ", positions " + positions);
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
