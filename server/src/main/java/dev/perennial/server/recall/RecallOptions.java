package dev.perennial.server.recall;

import dev.perennial.UsageException;

/**
 * How much an error memory keeps, and what it makes of it.
 *
 * @param capacity errors kept, 1 to 10,000,000; default 10,000. Each takes 4 bytes x (width + classes)
 * @param keeping which errors are kept once it is full
 * @param neighbours errors that a correction looks at, 1 to 10,000; default 8
 * @param bandwidth cosine distance at which an error counts 1/e of one at the same place, above 0 to 2; default 0.1
 * @param doubt how much stands against the nearest errors: together they count w / (w + doubt), w their weights' sum; 0
 *     or more; default 0.01. More of it corrects less, and later
 * @param strength of a correction, 0 to 1; default 1
 * @param halfLife later errors after which one counts half, above 0; infinite for never; default 500
 * @param tables hash tables, 1 to 256; default 16
 * @param bits of a hash, 0 to 24; default 8. With 0 all errors are looked at
 */
public record RecallOptions(int capacity, Keeping keeping, int neighbours, double bandwidth, double doubt, double strength,
    double halfLife, int tables, int bits) {

  /** Chosen on validation rows of CLINC150. */
  public static final RecallOptions DEFAULT =
      new RecallOptions(10_000, Keeping.LATEST, 8, 0.1, 0.01, 1, 500, 16, 8);

  /** Which errors stay. */
  public enum Keeping {
    /** The latest ones. */
    LATEST,
    /** A uniform sample of all that there were. */
    RESERVOIR
  }

  /** Checks the ranges. */
  public RecallOptions {
    require("capacity", capacity, 1, 10_000_000);
    require("neighbours", neighbours, 1, 10_000);
    require("tables", tables, 1, 256);
    require("bits", bits, 0, 24);
    if (!(bandwidth > 0 && bandwidth <= 2)) {
      throw new UsageException("expected a bandwidth above 0, up to 2, for an error memory, got " + bandwidth);
    }
    if (!(doubt >= 0) || Double.isInfinite(doubt)) {
      throw new UsageException("expected a doubt of 0 or more for an error memory, got " + doubt);
    }
    if (!(strength >= 0 && strength <= 1)) {
      throw new UsageException("expected a strength of 0 to 1 for an error memory, got " + strength);
    }
    if (!(halfLife > 0)) {
      throw new UsageException("expected a half-life above 0 for an error memory, got " + halfLife);
    }
  }

  /** The same with every error looked at: exact, and O(capacity) a correction. */
  public RecallOptions exact() {
    return new RecallOptions(capacity, keeping, neighbours, bandwidth, doubt, strength, halfLife, 1, 0);
  }

  private static void require(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new UsageException(
          "expected " + name + " between " + least + " and " + most + " for an error memory, got " + value);
    }
  }
}
