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
}
