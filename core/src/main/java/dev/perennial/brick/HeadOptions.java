package dev.perennial.brick;

import dev.perennial.UsageException;

/**
 * Which head is trained by gradients.
 *
 * @param head linear or cosine; default linear
 * @param headTemperature what a cosine head divides cosines by, above 0; default 0.05. A linear head takes no notice
 * @param outputs rows that the head has at least, 0 to 1 million; default 0: as many as classes are known. Rows beyond
 *     those are for classes to come: they take part in training, which teaches them to stay silent, and score nothing
 */
public record HeadOptions(Kind head, double headTemperature, int outputs) {

  /** A linear head. */
  public static final HeadOptions DEFAULT = new HeadOptions(Kind.LINEAR, 0.05, 0);

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
    if (outputs < 0 || outputs > 1_000_000) {
      throw new UsageException("expected outputs between 0 and 1000000, got " + outputs);
    }
  }

  /** A head that has as many rows as classes are known. */
  public HeadOptions(Kind head, double headTemperature) {
    this(head, headTemperature, 0);
  }

  /** Rows of a head that knows so many classes. */
  public int rows(int classes) {
    return Math.max(classes, outputs);
  }

  /** The head for features of that width, on a frozen backbone. */
  public GrowingHead of(int width) {
    return of(width, false);
  }

  /**
   * The head for features of that width.
   *
   * @param drawn whether a linear head's new rows are drawn and not 0, which would hold back what is trained below it
   */
  public GrowingHead of(int width, boolean drawn) {
    return switch (head) {
      case LINEAR -> new LinearHead(width, drawn);
      case COSINE -> new CosineHead(width, headTemperature);
    };
  }
}
