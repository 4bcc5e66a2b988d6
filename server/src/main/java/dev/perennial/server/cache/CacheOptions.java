package dev.perennial.server.cache;

import dev.perennial.UsageException;
import java.util.Map;

/**
 * What a semantic cache keeps, and how it is watched.
 *
 * @param categories by name, at most 1,000
 * @param others the one category that texts of all other names share
 * @param load how it gives way to load
 * @param candidates nearest texts that a search looks at, 1 to 10,000; default 16. More find more of what expired or
 *     evicted texts hide
 * @param checked share of the answers of other texts that are computed all the same, to count how many are wrong, 0 to
 *     1; default 0.01
 * @param longestText characters of a text that is kept, 1 to 1,000,000; default 2,000
 */
public record CacheOptions(Map<String, CategoryPolicy> categories, CategoryPolicy others, LoadPolicy load, int candidates,
    double checked, int longestText) {

  /** One category. */
  public static final CacheOptions DEFAULT =
      new CacheOptions(Map.of(), CategoryPolicy.DEFAULT, LoadPolicy.DEFAULT, 16, 0.01, 2_000);

  /** Copies the map and checks the ranges. */
  public CacheOptions {
    categories = Map.copyOf(categories);
    if (categories.size() > 1_000) {
      throw new UsageException("expected at most 1000 categories of cached texts, got " + categories.size());
    }
    if (candidates < 1 || candidates > 10_000) {
      throw new UsageException("expected 1 to 10000 candidates of a search in the cache, got " + candidates);
    }
    if (!(checked >= 0 && checked <= 1)) {
      throw new UsageException("expected a share of 0 to 1 of cached answers to check, got " + checked);
    }
    if (longestText < 1 || longestText > 1_000_000) {
      throw new UsageException("expected a longest text of 1 to 1000000 characters to cache, got " + longestText);
    }
  }
}
