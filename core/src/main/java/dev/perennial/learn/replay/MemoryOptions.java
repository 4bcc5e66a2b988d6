package dev.perennial.learn.replay;

import dev.perennial.UsageException;

/**
 * What a memory of the past keeps.
 *
 * @param memory examples kept, 1 to 10 million; default 500
 * @param keep which examples are kept
 * @param offer when examples come into question; herding chooses among all rows of an experience, at its end
 */
public record MemoryOptions(int memory, Keep keep, Offer offer) {

  /** Which examples are kept. */
  public enum Keep {
    /** Every example seen with the same probability. */
    RESERVOIR,
    /** As many of each class as can be. */
    BALANCED,
    /** As many of each class as can be, those whose mean feature comes nearest to that of their class. */
    HERDING
  }

  /** When examples come into question. */
  public enum Offer {
    /** After each step of the first epoch, the rows that arrived with it. */
    STEP,
    /** After an experience, all its rows. */
    EXPERIENCE
  }

  /** Every row seen with the same probability, offered when it comes: what a stream without boundaries needs. */
  static final MemoryOptions RESERVOIR = new MemoryOptions(500, Keep.RESERVOIR, Offer.STEP);

  /** Checks the range. */
  public MemoryOptions {
    requireSize(memory);
    if (keep == Keep.HERDING && offer == Offer.STEP) {
      throw new UsageException("expected offer=experience with keep=herding, got offer=step: herding chooses among all "
          + "rows of an experience");
    }
  }

  /** Checks how many examples a memory is asked to keep. */
  static void requireSize(int memory) {
    if (memory < 1 || memory > 10_000_000) {
      throw new UsageException("expected a memory between 1 and 10000000 examples, got " + memory);
    }
  }
}
