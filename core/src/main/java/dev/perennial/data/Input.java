package dev.perennial.data;

/** What a model sees of an example. */
public sealed interface Input {

  /**
   * A piece of text.
   *
   * @param value any Unicode text, not blank
   */
  record Text(String value) implements Input {}

  /**
   * An image of 8-bit samples.
   *
   * @param samples unsigned bytes, channel by channel, row by row: {@code channels * height * width} of them
   */
  record Image(int channels, int height, int width, byte[] samples) implements Input {

    /** Checks that the samples fill the shape. */
    public Image {
      if (channels < 1 || height < 1 || width < 1 || samples.length != channels * height * width) {
        throw new IllegalArgumentException(
            "an image of " + channels + "x" + height + "x" + width + " cannot have " + samples.length + " samples");
      }
    }
  }

  /**
   * Where a text stood at the entrance of a block of the backbone, with a byte for each number: what the blocks below made
   * of it, from which those above go on. Who has the backbone can find out much of the text from it.
   *
   * @param block at whose entrance, from 1
   * @param width numbers of a token
   * @param values {@code tokens * width} of them, token by token
   * @param scales by which the values of each token are multiplied
   */
  record Latent(int block, int width, byte[] values, float[] scales) implements Input {

    /** Checks that values and scales are of as many tokens. */
    public Latent {
      if (block < 1 || width < 1 || scales.length < 1 || values.length != scales.length * width) {
        throw new IllegalArgumentException("a latent of " + scales.length + " tokens of " + width + " numbers at block " + block
            + " cannot have " + values.length + " values");
      }
    }

    /** What is nearest to a state: each number to within half a scale, which is the token's largest by 127. */
    public static Latent of(int block, int width, float[] state) {
      byte[] values = new byte[state.length];
      float[] scales = new float[state.length / width];
      for (int token = 0; token < scales.length; token++) {
        float largest = 0;
        for (int i = token * width; i < (token + 1) * width; i++) {
          largest = Math.max(largest, Math.abs(state[i]));
        }
        float scale = largest / Byte.MAX_VALUE;
        scales[token] = scale;
        for (int i = token * width; i < (token + 1) * width && scale > 0; i++) {
          values[i] = (byte) Math.round(state[i] / scale);
        }
      }
      return new Latent(block, width, values, scales);
    }

    /** Tokens of the text. */
    public int tokens() {
      return scales.length;
    }

    /** Bytes that it takes. */
    public long bytes() {
      return values.length + (long) Float.BYTES * scales.length;
    }

    /** The state, {@code tokens * width} numbers. */
    public float[] state() {
      float[] state = new float[values.length];
      for (int i = 0; i < state.length; i++) {
        state[i] = values[i] * scales[i / width];
      }
      return state;
    }
  }
}
