package dev.perennial.backbone;

import dev.perennial.data.Input;

/** An input as a backbone takes it: a text's tokens, an image's samples. Made by {@link Backbone#prepare}. */
public sealed interface Row {

  /** How much there is to compute, relative to other rows: tokens of a text, 1 for an image. */
  int length();

  /**
   * A text's token ids, special tokens included.
   *
   * @param isCut whether the text had more of them than the backbone takes
   */
  record Tokens(int[] ids, boolean isCut) implements Row {

    /** A text that is whole. */
    public Tokens(int[] ids) {
      this(ids, false);
    }

    @Override
    public int length() {
      return ids.length;
    }
  }

  /** An image, as it is. */
  record Pixels(Input.Image image) implements Row {
    @Override
    public int length() {
      return 1;
    }
  }
}
