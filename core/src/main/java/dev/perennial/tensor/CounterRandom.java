package dev.perennial.tensor;

/**
 * Random numbers that are a pure function of a seed, a purpose and an index.
 *
 * <p>Nothing is drawn and no state moves on: the number at an index is the same whenever, wherever and in whatever
 * order it is asked for, so a resumed run sees what the run that was never stopped sees. Instances are immutable and
 * may be shared between threads. Every method costs one block of the generator (ten rounds), {@link #permutation} one
 * a place.
 *
 * <p>{@link #at}, {@link #uniform}, {@link #below} and {@link #gaussian} at one index are made of the same bits, so use
 * one of them at each index, or give each a purpose of its own.
 */
public final class CounterRandom {

  /*
   * Philox4x32-10: John Salmon, Mark Moraes, Ron Dror, David Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
   * SC 2011. A round of a counter (c0, c1, c2, c3) under a key (k0, k1), where hi and lo are the halves of a 64-bit
   * product:
   *
   *   c0' = hi(M1 c2) ^ c1 ^ k0      c1' = lo(M1 c2)      c2' = hi(M0 c0) ^ c3 ^ k1      c3' = lo(M0 c0)
   *
   * and between rounds the key grows by (W0, W1). The key is the seed; the low half of the counter is the index, its
   * high half the purpose. A purpose is folded to 64 bits by the generator itself, from its length on:
   *
   *   fold = length;  for each number u:  fold = the first 64 bits of the block at (u, fold)
   */
  private static final int M0 = 0xD2511F53;
  private static final int M1 = 0xCD9E8D57;
  private static final int W0 = 0x9E3779B9;
  private static final int W1 = 0xBB67AE85;
  private static final int ROUNDS = 10;
  private static final double TWO_TO_MINUS_53 = 0x1p-53;

  private final long seed;
  private final long purpose;

  private CounterRandom(long seed, long purpose) {
    this.seed = seed;
    this.purpose = purpose;
  }

  /**
   * The random numbers of a seed and a purpose.
   *
   * @param seed any number: the seed of the run
   * @param use what the numbers are for, as any sequence of numbers: one that names the purpose, and where it helps a
   *     step, an experience or a class; other sequences, longer and shorter ones included, give unrelated numbers
   */
  public static CounterRandom of(long seed, long... use) {
    long fold = use.length;
    for (long number : use) {
      fold = first(block(number, fold, seed));
    }
    return new CounterRandom(seed, fold);
  }

  /** The 64 random bits at an index; any index will do, negative ones too. */
  public long at(long index) {
    return first(block(index, purpose, seed));
  }

  /** The number at an index, uniform in [0, 1), a multiple of 2^-53. */
  public double uniform(long index) {
    return (at(index) >>> 11) * TWO_TO_MINUS_53;
  }

  /**
   * The number at an index, uniform in 0 .. bound - 1 without any bias.
   *
   * @throws IllegalArgumentException if {@code bound} is not positive
   */
  public int below(long index, int bound) {
    if (bound < 1) {
      throw new IllegalArgumentException("a bound is at least 1, not " + bound);
    }
    /*
     * Daniel Lemire, "Fast Random Integer Generation in an Interval", ACM TOMACS 2019: the high word of word * bound
     * is uniform once the products whose low word is under 2^32 mod bound are turned down. The words of the block are
     * tried in turn, then those of the next purpose at the same index.
     */
    long rejected = Integer.toUnsignedLong(Integer.remainderUnsigned(-bound, bound));
    for (long attempt = 0; ; attempt++) {
      for (int word : block(index, purpose + attempt, seed)) {
        long product = Integer.toUnsignedLong(word) * bound;
        if ((product & 0xFFFFFFFFL) >= rejected) {
          return (int) (product >>> 32);
        }
      }
    }
  }

  /** The number at an index, normal with mean 0 and variance 1 (Box and Muller 1958), the same on any machine. */
  public double gaussian(long index) {
    int[] block = block(index, purpose, seed);
    double radius = StrictMath.sqrt(-2 * StrictMath.log(((first(block) >>> 11) + 1) * TWO_TO_MINUS_53));
    return radius * StrictMath.cos(2 * Math.PI * ((second(block) >>> 11) * TWO_TO_MINUS_53));
  }

  /**
   * The numbers 0 .. n - 1 in random order (Fisher and Yates), from the numbers at the indices 1 .. n - 1.
   *
   * @throws IllegalArgumentException if {@code n} is negative
   */
  public int[] permutation(int n) {
    if (n < 0) {
      throw new IllegalArgumentException("a permutation has 0 or more places, not " + n);
    }
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      order[i] = i;
    }
    for (int i = n - 1; i > 0; i--) {
      int j = below(i, i + 1);
      int held = order[i];
      order[i] = order[j];
      order[j] = held;
    }
    return order;
  }

  /** Four words: the block at a counter of two 64-bit halves, each with its low word first, under a 64-bit key. */
  static int[] block(long low, long high, long key) {
    int c0 = (int) low;
    int c1 = (int) (low >>> 32);
    int c2 = (int) high;
    int c3 = (int) (high >>> 32);
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long p0 = Integer.toUnsignedLong(M0) * Integer.toUnsignedLong(c0);
      long p1 = Integer.toUnsignedLong(M1) * Integer.toUnsignedLong(c2);
      c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
      c1 = (int) p1;
      c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
      c3 = (int) p0;
      k0 += W0;
      k1 += W1;
    }
    return new int[] {c0, c1, c2, c3};
  }

  private static long first(int[] block) {
    return Integer.toUnsignedLong(block[0]) | (long) block[1] << 32;
  }

  private static long second(int[] block) {
    return Integer.toUnsignedLong(block[2]) | (long) block[3] << 32;
  }
}
