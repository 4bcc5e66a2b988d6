package dev.perennial.server.tenant;

import dev.perennial.UsageException;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How models are kept, and what new ones are.
 *
 * @param memory bytes of heads that are loaded at the same time; at least 0, and one is always loaded
 * @param mostModels beside the default one; at least 0
 * @param backbone of new models
 * @param options of the technique g-acil for new models, such as {@code features}
 * @param seed of new models; the same for all, so that they share their projection
 * @param threads for models that compute by themselves
 */
public record TenantOptions(
    long memory, int mostModels, String backbone, SortedMap<String, String> options, long seed, int threads) {

  /** Copies the options and checks the ranges. */
  public TenantOptions {
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
    if (memory < 0 || mostModels < 0 || threads < 1) {
      throw new UsageException("expected memory and models of at least 0 and at least 1 thread, got " + memory + ", "
          + mostModels + " and " + threads);
    }
  }
}
