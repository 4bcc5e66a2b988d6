package dev.perennial.learn.replay;

import dev.perennial.data.Example;

/**
 * An example that a memory keeps.
 *
 * @param example the row
 * @param logits that the model gave it when it was stored, one a class known then; none where they are not needed
 */
public record Sample(Example example, float[] logits) {

  private static final float[] NONE = {};

  /** An example without logits. */
  public static Sample of(Example example) {
    return new Sample(example, NONE);
  }

  /** The class. */
  public String label() {
    return example.label();
  }
}
