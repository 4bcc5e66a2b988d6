package dev.perennial.server.cache;

/**
 * What came of a category's lookups.
 *
 * @param entries texts kept now
 * @param texts that were looked up word for word
 * @param exactHits of them that were kept
 * @param searches for the meaning of a text
 * @param semanticHits of them that found a near text, those to check included
 * @param checked semantic hits that were computed all the same
 * @param falseHits of these whose answer was another
 * @param bypassed lookups of a category that is disabled
 * @param stored answers taken in
 * @param evicted to stay within the quota
 * @param expired found past their lifetime
 * @param outdated found to be of another encoder
 * @param rechecked answers of an older snapshot that the newer one gave too
 * @param revised answers of an older snapshot that the newer one replaced
 */
public record CacheStats(long entries, long texts, long exactHits, long searches, long semanticHits, long checked,
    long falseHits, long bypassed, long stored, long evicted, long expired, long outdated, long rechecked, long revised) {

  /** Answers given from the cache, as a share of the texts looked up; 0 where there were none. */
  public double hitRate() {
    return texts == 0 ? 0 : (double) (exactHits + semanticHits - checked) / texts;
  }

  /** Wrong answers as a share of those that were checked; 0 where there were none. */
  public double falseHitRate() {
    return checked == 0 ? 0 : (double) falseHits / checked;
  }
}
