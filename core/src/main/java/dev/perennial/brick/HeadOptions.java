package dev.perennial.brick;

import dev.perennial.UsageException;

/**
 * Which head is trained by gradients.
 *
 * @param head linear or cosine; default linear
 * @param headTemperature what a cosine head divides cosines by, above 0; default 0.05. A linear head takes no notice
 */
public record HeadOptions(Kind head, double headTemperature) {

  /** A linear head. */
  public static final HeadOptions DEFAULT = new HeadOptions(Kind.LINEAR, 0.05);

  /** How a head scores a class. */
  public enum Kind {
    /** By the product of features and weights, and a bias. */
    LINEAR,
    /** By the angle between features and weights. */
    COSINE
  }

  /** Checks the range. */
  public HeadOptions {
    if (!(headTemperature > 0) || Double.isInfinite(headTemperature)) {
      throw new UsageException("expected a headTemperature above 0, got " + headTemperature);
    }
  }

  /** The head for features of that width. */
  public GrowingHead of(int width) {
    return switch (head) {
      case LINEAR -> new LinearHead(width);
      case COSINE -> new CosineHead(width, headTemperature);
    };
  }
}
