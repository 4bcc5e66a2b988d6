package dev.perennial.server.recall;

import dev.perennial.tensor.CounterRandom;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;

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
        hashes[table] = hashes[table] << 1 | (dot(plane, vector) > 0 ? 1 : 0);
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

  /** The scalar product, in four sums that the processor adds side by side. */
  static float dot(float[] a, float[] b) {
    float s0 = 0;
    float s1 = 0;
    float s2 = 0;
    float s3 = 0;
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      s0 += a[i] * b[i];
      s1 += a[i + 1] * b[i + 1];
      s2 += a[i + 2] * b[i + 2];
      s3 += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) {
      s0 += a[i] * b[i];
    }
    return s0 + s1 + (s2 + s3);
  }
}
