package dev.perennial.allocate;

import dev.perennial.UsageException;

/**
 * How sites are searched for.
 *
 * @param trials trainings, 2 to 100000; default 24
 * @param population subsets that are kept to go on from, 2 to 1000; default 8
 * @param second what the second reward is for; default parameters
 */
public record SiteSearchOptions(int trials, int population, Second second) {

  /** Few parameters, as for a small brick. */
  public static final SiteSearchOptions DEFAULT = new SiteSearchOptions(24, 8, Second.PARAMETERS);

  /** What there should be little of. */
  public enum Second {
    /** Trained numbers. */
    PARAMETERS,
    /** By how much the accuracy on rows that were learned is above that on validation rows. */
    MEMORISATION
  }

  /** Checks the ranges. */
  public SiteSearchOptions {
    if (trials < 2 || trials > 100_000) {
      throw new UsageException("expected trials between 2 and 100000, got " + trials);
    }
    if (population < 2 || population > 1000) {
      throw new UsageException("expected a population between 2 and 1000, got " + population);
    }
  }
}
