package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import dev.perennial.UsageException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;

/*
 * Reed-Solomon erasure coding with a Cauchy matrix (Blömer et al., An XOR-Based Erasure-Resilient Coding Scheme, ICSI
 * TR-95-048, 1995), as REFT protects snapshots in memory (arXiv 2310.12670). Data d_0 .. d_{k-1}, parity
 *
 *   p_i = sum_j C_ij d_j,     C_ij = c_ij / c_0j,     c_ij = 1 / (i + (m + j))      in GF(2^8), where + is exclusive or
 *
 * Every square submatrix of a Cauchy matrix can be inverted, and dividing columns changes nothing about that: so any k of
 * the k + m fragments give the data back. Row 0 of C is all ones: the first parity is the exclusive or of the data.
 */
/** A code that makes n = k + m fragments of k, any k of which are enough. */
public final class ErasureCode {

  /** The most fragments that there can be. */
  public static final int MOST = 256;

  /** Fragments are as long as a multiple of this, in bytes. */
  public static final int ALIGNMENT = Long.BYTES;

  private static final int CHUNK = 1 << 16;

  private final int data;
  private final int parity;
  private final int[][] generator;

  /**
   * A code.
   *
   * @param data fragments that hold the data, k, at least 1
   * @param parity fragments that may be lost, m, 0 or more; k + m is at most 256
   * @throws UsageException if a number is out of range
   */
  public ErasureCode(int data, int parity) {
    if (data < 1 || parity < 0 || data + parity > MOST) {
      throw new UsageException("expected at least 1 data fragment, 0 or more parity fragments and at most " + MOST
          + " together, got " + data + " and " + parity);
    }
    this.data = data;
    this.parity = parity;
    generator = new int[data + parity][data];
    for (int row = 0; row < data; row++) {
      generator[row][row] = 1;
    }
    for (int i = 0; i < parity; i++) {
      for (int j = 0; j < data; j++) {
        // 1 / (i + m + j) over 1 / (0 + m + j)
        generator[data + i][j] = GaloisField.multiply(parity + j, GaloisField.inverse(i ^ (parity + j)));
      }
    }
  }

  /** Fragments in all. */
  public int fragments() {
    return data + parity;
  }

  /** How many of them are enough. */
  public int data() {
    return data;
  }

  /** How many of them may be lost. */
  public int parity() {
    return parity;
  }

  /** Bytes of a fragment of so many bytes of data. */
  public long fragmentBytes(long total) {
    long each = Math.ceilDiv(total, data);
    return Math.max(ALIGNMENT, Math.ceilDiv(each, ALIGNMENT) * ALIGNMENT);
  }

  /**
   * The chance that at most m of k + m members are lost, when each is lost by itself with the same chance:
   * {@code sum over i <= m of C(n, i) p^i (1 - p)^(n - i)}.
   *
   * @param loss chance that a member is lost, 0 to 1
   */
  public double survival(double loss) {
    double sum = 0;
    double ways = 1;
    int members = fragments();
    for (int lost = 0; lost <= parity; lost++) {
      sum += ways * Math.pow(loss, lost) * Math.pow(1 - loss, members - lost);
      ways = ways * (members - lost) / (lost + 1);
    }
    return sum;
  }

  /**
   * Computes fragments from others. O(bytes of a fragment * k * wanted).
   *
   * @param present at least k fragments by index: 0 to k - 1 are the data, then the parity; all of one length, a multiple
   *     of {@link #ALIGNMENT}
   * @param wanted indices of those to compute
   * @param arena where they are made
   * @return as many as wanted, in that order
   * @throws IllegalArgumentException if there are fewer than k, or their lengths are not as told
   */
  public List<MemorySegment> compute(SortedMap<Integer, MemorySegment> present, List<Integer> wanted, Arena arena) {
    if (present.size() < data) {
      throw new IllegalArgumentException(data + " fragments are needed, there are " + present.size());
    }
    List<Integer> rows = present.keySet().stream().limit(data).toList();
    List<MemorySegment> sources = rows.stream().map(present::get).toList();
    long bytes = sources.getFirst().byteSize();
    for (MemorySegment source : sources) {
      if (source.byteSize() != bytes || bytes % ALIGNMENT != 0) {
        throw new IllegalArgumentException("fragments of " + bytes + " and " + source.byteSize() + " bytes");
      }
    }
    int[][] chosen = rows.stream().map(row -> generator[row]).toArray(int[][]::new);
    int[][] inverse = GaloisField.inverse(chosen);
    var computed = new ArrayList<MemorySegment>();
    for (int index : wanted) {
      int[] factors = new int[data];
      for (int column = 0; column < data; column++) {
        int sum = 0;
        for (int j = 0; j < data; j++) {
          sum ^= GaloisField.multiply(generator[index][j], inverse[j][column]);
        }
        factors[column] = sum;
      }
      MemorySegment target = arena.allocate(bytes, ALIGNMENT);
      combine(sources, factors, target);
      computed.add(target);
    }
    return computed;
  }

  private static void combine(List<MemorySegment> sources, int[] factors, MemorySegment target) {
    byte[][] products = new byte[factors.length][];
    for (int i = 0; i < factors.length; i++) {
      products[i] = factors[i] > 1 ? GaloisField.row(factors[i]) : new byte[0];
    }
    long[] sum = new long[CHUNK / Long.BYTES];
    long[] words = new long[CHUNK / Long.BYTES];
    byte[] bytes = new byte[CHUNK];
    for (long at = 0; at < target.byteSize(); at += CHUNK) {
      int length = (int) Math.min(CHUNK, target.byteSize() - at);
      int count = length / Long.BYTES;
      Arrays.fill(sum, 0);
      for (int i = 0; i < factors.length; i++) {
        if (factors[i] == 0) {
          continue;
        }
        MemorySegment source = sources.get(i);
        if (factors[i] == 1) {
          MemorySegment.copy(source, JAVA_LONG_UNALIGNED, at, words, 0, count);
        } else {
          MemorySegment.copy(source, JAVA_BYTE, at, bytes, 0, length);
          multiply(bytes, products[i], length);
          MemorySegment.copy(MemorySegment.ofArray(bytes), JAVA_LONG_UNALIGNED, 0, words, 0, count);
        }
        add(sum, words, count);
      }
      MemorySegment.copy(sum, 0, target, JAVA_LONG_UNALIGNED, at, count);
    }
  }

  private static void multiply(byte[] bytes, byte[] products, int length) {
    for (int i = 0; i < length; i++) {
      bytes[i] = products[bytes[i] & 0xff];
    }
  }

  private static void add(long[] sum, long[] words, int count) {
    for (int i = 0; i < count; i++) {
      sum[i] ^= words[i];
    }
  }
}
