package dev.perennial.open;

import dev.perennial.UsageException;

/**
 * What makes a cluster of inputs a new class.
 *
 * @param least inputs in it, at least 2; default 8
 * @param alike how much two of its inputs are like each other at least on average when its last parts come together, as a
 *     share of how much two inputs of a known class are, above 0 and at most 1; default 0.55
 */
public record DiscoveryOptions(int least, double alike) {

  /** Seen to give whole classes in a sketch on CLINC150, ten intents held back; not tuned. */
  public static final DiscoveryOptions DEFAULT = new DiscoveryOptions(8, 0.55);

  /** Checks the ranges. */
  public DiscoveryOptions {
    if (least < 2) {
      throw new UsageException("expected at least 2 inputs of a new class, got " + least);
    }
    if (!(alike > 0 && alike <= 1)) {
      throw new UsageException("expected a likeness above 0 and at most 1, got " + alike);
    }
  }
}
