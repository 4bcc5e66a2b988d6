package dev.perennial.server.recall;

import dev.perennial.tensor.CounterRandom;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.util.VectorUtil;

/*
 * Similarity Estimation Techniques from Rounding Algorithms (Charikar, STOC 2002). One bit is the side of a random
 * hyperplane: vectors at an angle a share it with probability 1 - a/pi, so they meet in one of L tables of b bits with
 * probability 1 - (1 - (1 - a/pi)^b)^L.
 */
/** Places of vectors, found again by vectors that point nearly the same way: locality-sensitive hash tables. */
final class Hashes {

  private static final long PLANES = 72;

  private final float[][][] planes;
  private final Map<Integer, BitSet>[] tables;

  /**
   * Empty tables.
   *
   * @param bits of a hash; with 0 every vector is found by every other
   */
  @SuppressWarnings("unchecked")
  Hashes(int count, int bits, int width, long seed) {
    planes = new float[count][bits][width];
    tables = new Map[count];
    for (int table = 0; table < count; table++) {
      tables[table] = new HashMap<>();
      for (int bit = 0; bit < bits; bit++) {
        var random = CounterRandom.of(seed, PLANES, table, bit);
        for (int c = 0; c < width; c++) {
          planes[table][bit][c] = (float) random.gaussian(c);
        }
      }
    }
  }

  /** One hash a table. O(tables bits width). */
  int[] of(float[] vector) {
    int[] hashes = new int[planes.length];
    for (int table = 0; table < planes.length; table++) {
      for (float[] plane : planes[table]) {
        hashes[table] = hashes[table] << 1 | (VectorUtil.dotProduct(plane, vector) > 0 ? 1 : 0);
      }
    }
    return hashes;
  }

  void add(int place, int[] hashes) {
    for (int table = 0; table < tables.length; table++) {
      tables[table].computeIfAbsent(hashes[table], hash -> new BitSet()).set(place);
    }
  }

  void remove(int place, int[] hashes) {
    for (int table = 0; table < tables.length; table++) {
      BitSet bucket = tables[table].get(hashes[table]);
      if (bucket != null) {
        bucket.clear(place);
        if (bucket.isEmpty()) {
          tables[table].remove(hashes[table]);
        }
      }
    }
  }

  /** All places that share a hash with these. */
  BitSet find(int[] hashes) {
    var found = new BitSet();
    for (int table = 0; table < tables.length; table++) {
      BitSet bucket = tables[table].get(hashes[table]);
      if (bucket != null) {
        found.or(bucket);
      }
    }
    return found;
  }
}
