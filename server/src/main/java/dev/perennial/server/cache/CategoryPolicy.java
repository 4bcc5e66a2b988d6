package dev.perennial.server.cache;

import dev.perennial.UsageException;
import java.time.Duration;

/**
 * How one category of texts is cached: dense categories need a high threshold, volatile ones a short lifetime.
 *
 * @param enabled whether anything of it is kept; default true
 * @param threshold cosine similarity from which on another text's answer is given, above 0 to 1; default 0.95. With 1
 *     only texts with the same embedding share an answer
 * @param lifetime after which an answer is not given any more, above 0; default an hour
 * @param quota texts kept at most, 1 to 10,000,000; default 10,000
 */
public record CategoryPolicy(boolean enabled, double threshold, Duration lifetime, int quota) {

  /** What suits texts of which nothing is known. */
  public static final CategoryPolicy DEFAULT = new CategoryPolicy(true, 0.95, Duration.ofHours(1), 10_000);

  /** Nothing is kept. */
  public static final CategoryPolicy DISABLED = new CategoryPolicy(false, 1, Duration.ofHours(1), 1);

  /** Checks the ranges. */
  public CategoryPolicy {
    if (!(threshold > 0 && threshold <= 1)) {
      throw new UsageException("expected a similarity threshold above 0, up to 1, got " + threshold);
    }
    if (!lifetime.isPositive()) {
      throw new UsageException("expected a lifetime above 0 of cached answers, got " + lifetime);
    }
    if (quota < 1 || quota > 10_000_000) {
      throw new UsageException("expected a quota of 1 to 10000000 texts, got " + quota);
    }
  }

  /** The same with another threshold. */
  public CategoryPolicy withThreshold(double other) {
    return new CategoryPolicy(enabled, other, lifetime, quota);
  }
}
