package dev.perennial.learn.privacy;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/*
 * Private and Continual Release of Statistics (Chan, Shi, Song, ICALP 2010) and Differential Privacy under Continual
 * Observation (Dwork, Naor, Pitassi, Rothblum, STOC 2010). The times 1..T are the leaves of a binary tree; a node holds
 * the sum of its leaves, and its own noise. Time t is released as the sum of the nodes that t's set bits name. With
 * L = floor(log2 T) + 1 levels,
 *
 *   at time t, i = number of trailing zeros of t:
 *     exact[i] = x_t + exact[0] + ... + exact[i-1]      noisy[i] = exact[i] + noise      levels below i become empty
 *     release  = sum of noisy[j] over the set bits j of t
 *
 * What is added at one time goes into at most L nodes, which is what noise has to be enough for; a release is the sum
 * of at most L nodes, which is all the noise that it carries. For sums, and what can be computed of them, The Price of
 * Differential Privacy under Continual Observation (arXiv 2112.00828) shows that continual release costs powers of
 * log T and no more, and that choosing the largest of many sums costs powers of T.
 */
/**
 * Running sums of vectors of whole numbers, released at every time with noise: a counter, where the vectors have one
 * number.
 *
 * <p>Privacy: two streams are neighbours if they differ at one time only, by a vector whose length is at most the
 * sensitivity, as when one row is added to or removed from what is summed up at that time. All releases together are
 * then {@link PrivacyBudget}-private; a stream may depend on what was released before.
 *
 * <p>The noise of a node is a function of the seed and of the node, and it is kept with the node. So sums that were
 * restored release what they released before, to the bit, and no node is ever given noise twice, which averaging would
 * take away. Who knows the seed, or reads {@link #tensors}, knows the exact sums: what is private is what is released.
 */
public final class TreeSums {

  private final Shape shape;
  private final int levels;
  private final double sigma;
  private final long seed;
  private final long[] use;
  private final long[][] exact;
  private final long[][] noisy;
  private long time;

  /**
   * What is summed up.
   *
   * @param width numbers of a vector, 1 or more
   * @param horizon T, the last time that there can be, 1 or more; noise grows with the root of its logarithm at each
   *     node, and with its logarithm in a release
   * @param sensitivity the largest length of what one row adds, above 0
   */
  public record Shape(int width, long horizon, double sensitivity) {

    /** Checks the ranges. */
    public Shape {
      if (width < 1 || horizon < 1 || !(sensitivity > 0)) {
        throw new UsageException("expected a width and a horizon of 1 or more and a sensitivity above 0, got " + width
            + ", " + horizon + " and " + sensitivity);
      }
    }

    /** L, the nodes that one time goes into at most. */
    int levels() {
      return Long.SIZE - Long.numberOfLeadingZeros(horizon);
    }

    /** Bytes that the sums of one stream take: exact and noisy ones at each level, and the time. */
    long bytes() {
      return (2L * levels() * width + 1) * Long.BYTES;
    }
  }

  /**
   * Sums at time 0.
   *
   * @param seed of the noise: to be kept secret, and used for one stream only
   * @param use what tells the noise of these sums from that of others with this seed
   */
  public TreeSums(Shape shape, PrivacyBudget budget, long seed, long... use) {
    this.shape = shape;
    this.levels = shape.levels();
    this.sigma = budget.sigma(levels, shape.sensitivity());
    this.seed = seed;
    this.use = use.clone();
    this.exact = new long[levels][shape.width()];
    this.noisy = new long[levels][shape.width()];
  }

  /**
   * Adds what came at the next time. O(width log T).
   *
   * @param added {@code [width]}
   * @throws FailureException if that is a time past the horizon
   */
  public void add(long... added) {
    if (time == shape.horizon()) {
      throw new FailureException("expected at most " + time + " private releases of a sum, got one more: start anew"
          + " with a larger horizon");
    }
    time++;
    int level = Long.numberOfTrailingZeros(time);
    System.arraycopy(added, 0, exact[level], 0, shape.width());
    for (int below = 0; below < level; below++) {
      for (int i = 0; i < shape.width(); i++) {
        exact[level][i] += exact[below][i];
      }
      Arrays.fill(exact[below], 0);
      Arrays.fill(noisy[below], 0);
    }
    long[] node = Arrays.copyOf(use, use.length + 2);
    node[use.length] = level;
    node[use.length + 1] = time;
    long[] drawn = new DiscreteGaussian(sigma).draw(shape.width(), CounterRandom.of(seed, node));
    for (int i = 0; i < shape.width(); i++) {
      noisy[level][i] = exact[level][i] + drawn[i];
    }
  }

  /** The noisy sum of all that was added, {@code [width]}; without noise 0 at time 0. O(width log T). */
  public long[] release() {
    long[] sum = new long[shape.width()];
    for (long[] node : noisy) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += node[i];
      }
    }
    return sum;
  }

  /** How often something was added. */
  public long time() {
    return time;
  }

  /** The parameter of the noise at each node: its standard deviation, all but for rounding. */
  public double sigma() {
    return sigma;
  }

  /**
   * How far the releases of one number are from its exact sums at most, at all times up to the horizon, with
   * probability {@code 1 - beta}: {@code sigma sqrt(2 L ln(2 T / beta))}, that is O(log^1.5 T).
   *
   * @param beta above 0 and below 1
   */
  public double errorBound(double beta) {
    // A release is off by at most L independent discrete Gaussians, each sub-Gaussian with parameter sigma; 2 T tails.
    return sigma * Math.sqrt(2 * levels * Math.log(2 * shape.horizon() / beta));
  }

  /** All there is to know of the sums, the exact ones too, under names that begin with {@code prefix}. */
  Map<String, TensorData> tensors(String prefix) {
    return Map.of(
        prefix + "exact", TensorData.of(flat(exact), levels, shape.width()),
        prefix + "noisy", TensorData.of(flat(noisy), levels, shape.width()),
        prefix + "time", TensorData.of(new long[] {time}, 1));
  }

  /** Takes over what {@link #tensors} gave. */
  void restore(StatePart state, String prefix) {
    restore(state.tensor(prefix + "exact"), exact);
    restore(state.tensor(prefix + "noisy"), noisy);
    time = state.tensor(prefix + "time").longs()[0];
  }

  private void restore(TensorData data, long[][] rows) {
    if (!data.shape().equals(List.of((long) levels, (long) shape.width()))) {
      throw new FailureException("expected private sums of shape [" + levels + ", " + shape.width()
          + "] in a learner's state, found " + data + ": the state belongs to another learner or other options");
    }
    long[] flat = data.longs();
    for (int level = 0; level < levels; level++) {
      System.arraycopy(flat, level * shape.width(), rows[level], 0, shape.width());
    }
  }

  private static long[] flat(long[][] rows) {
    return Arrays.stream(rows).flatMapToLong(Arrays::stream).toArray();
  }
}
