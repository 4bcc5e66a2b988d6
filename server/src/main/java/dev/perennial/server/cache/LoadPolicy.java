package dev.perennial.server.cache;

import dev.perennial.UsageException;
import java.time.Duration;

/*
 * Category-Aware Semantic Caching for Heterogeneous LLM Workloads (arXiv 2510.26835): the busier the model, the more is
 * answered from the cache. Of a load L from 0 (idle) to 1 (as much as it can take):
 *
 *   threshold(L) = max(min(floor, threshold), threshold - drop * L)        lifetime(L) = lifetime * (1 + stretch * L)
 */
/**
 * How thresholds and lifetimes give way under load.
 *
 * @param floor below which no threshold goes, above 0 to 1; default 0.85. A category whose own threshold is lower keeps it
 * @param drop of a threshold at full load, 0 to 1; default 0.02
 * @param stretch of a lifetime at full load, as a share of it, 0 to 100; default 1
 */
public record LoadPolicy(double floor, double drop, double stretch) {

  /** A little. */
  public static final LoadPolicy DEFAULT = new LoadPolicy(0.85, 0.02, 1);

  /** Load changes nothing. */
  public static final LoadPolicy NONE = new LoadPolicy(1, 0, 0);

  /** Checks the ranges. */
  public LoadPolicy {
    if (!(floor > 0 && floor <= 1)) {
      throw new UsageException("expected a floor of thresholds above 0, up to 1, got " + floor);
    }
    if (!(drop >= 0 && drop <= 1)) {
      throw new UsageException("expected a drop of thresholds of 0 to 1, got " + drop);
    }
    if (!(stretch >= 0 && stretch <= 100)) {
      throw new UsageException("expected a stretch of lifetimes of 0 to 100, got " + stretch);
    }
  }

  double threshold(CategoryPolicy policy, double load) {
    return Math.max(Math.min(floor, policy.threshold()), policy.threshold() - drop * load);
  }

  long lifetimeMillis(CategoryPolicy policy, double load) {
    Duration lifetime = policy.lifetime();
    return (long) (lifetime.toMillis() * (1 + stretch * load));
  }
}
