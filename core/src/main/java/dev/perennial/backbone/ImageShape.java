package dev.perennial.backbone;

import dev.perennial.data.Input;

/** The shape that all images of a stream have; each size is at least 1. */
record ImageShape(int channels, int height, int width) {

  /** Checks the sizes. */
  ImageShape {
    if (channels < 1 || height < 1 || width < 1) {
      throw new IllegalArgumentException(
          "an image has at least one sample, not " + channels + "x" + height + "x" + width);
    }
  }

  /** The shape of an image. */
  static ImageShape of(Input.Image image) {
    return new ImageShape(image.channels(), image.height(), image.width());
  }

  /** Samples of an image. */
  long samples() {
    return (long) channels * height * width;
  }

  @Override
  public String toString() {
    return channels + "x" + height + "x" + width;
  }
}
