package dev.perennial.server.drift;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/*
 * The distance of two mean embeddings: the maximum mean discrepancy of a linear kernel (A Kernel Two-Sample Test,
 * JMLR 2012), between the first R embeddings and the last C:
 *
 *   T = |mean(reference) - mean(window)|^2 / (1/R + 1/C)
 *
 * If both are draws of one distribution, T has the mean tr(S), S its covariance, whatever R and C are. So what T is like
 * without a drift is learned from the reference alone, with no covariance: it is shuffled P times, cut in parts of the
 * proportion R : C, and T of these parts has a mean mu and a variance v. T is nearly a scaled chi-square of
 * k = 2 mu^2 / v degrees of freedom, whose upper end at z standard deviations is (Wilson and Hilferty 1931)
 *
 *   threshold = mu (1 - 2/(9k) + z sqrt(2/(9k)))^3
 */
/**
 * A test of whether embeddings still come from where the first ones came from: it needs no labels.
 *
 * <p>Keeps R + C embeddings. O(width) an observation, O(C width) a look, and O(P R width) once for each reference.
 * After a drift the reference is collected anew.
 */
public final class EmbeddingDistance implements Detector<float[]> {

  private static final long SHUFFLE = 71;
  private static final int HEAD = 5;
  private static final int MOST_WIDTH = 1 << 16;

  private final Options options;
  private final long seed;
  private float[][] reference = new float[0][];
  private float[][] window = new float[0][];
  private long observed;
  private long references;
  private double threshold;
  private double score;

  /**
   * The two windows.
   *
   * @param reference embeddings that say what is usual (R), 16 to 65,536; default 512
   * @param window the last ones, which are compared with them (C), 8 to half of the reference; default 128
   * @param every how many embeddings between two looks, 1 to 65,536; default 16
   * @param deviations how unlikely a drift has to be as a chance, in standard deviations (z), 1 to 20; default 5
   * @param shuffles of the reference that its own spread is learned from (P), 20 to 10,000; default 200
   */
  public record Options(int reference, int window, int every, double deviations, int shuffles) {

    /** Half a thousand embeddings, and the last 128. */
    public static final Options DEFAULT = new Options(512, 128, 16, 5, 200);

    /** Checks the ranges. */
    public Options {
      if (reference < 16 || reference > 65_536) {
        throw new UsageException("expected a reference of 16 to 65536 embeddings, got " + reference);
      }
      if (window < 8 || window > reference / 2) {
        throw new UsageException("expected a window of 8 to " + reference / 2 + " embeddings, half the reference, got " + window);
      }
      if (every < 1 || every > 65_536) {
        throw new UsageException("expected a look every 1 to 65536 embeddings, got " + every);
      }
      if (!(deviations >= 1 && deviations <= 20)) {
        throw new UsageException("expected 1 to 20 standard deviations of the embedding distance, got " + deviations);
      }
      if (shuffles < 20 || shuffles > 10_000) {
        throw new UsageException("expected 20 to 10000 shuffles of the reference, got " + shuffles);
      }
    }
  }

  /**
   * Nothing is observed yet.
   *
   * @param seed decides how the reference is shuffled
   */
  public EmbeddingDistance(Options options, long seed) {
    this.options = options;
    this.seed = seed;
    reset();
  }

  @Override
  public Drift observe(float[] value) {
    float[] first = observed == 0 ? value : reference[0];
    if (value.length != first.length || value.length == 0) {
      throw new IllegalArgumentException(
          "expected an embedding of " + first.length + " numbers, as before, got one of " + value.length);
    }
    for (float number : value) {
      Observed.finite(number);
    }
    long place = observed++;
    if (place < options.reference) {
      reference[(int) place] = value.clone();
      if (observed == options.reference) {
        threshold = threshold();
      }
      return Drift.WARM_UP;
    }
    long since = observed - options.reference;
    window[(int) ((since - 1) % options.window)] = value.clone();
    if (since < options.window) {
      return Drift.WARM_UP;
    }
    if (since % options.every == 0) {
      score = statistic(mean(reference, null), mean(window, null), options.reference, options.window) / threshold;
    }
    double told = score;
    if (told >= 1) {
      reset();
      return new Drift(Drift.Level.DRIFT, told);
    }
    return new Drift(Drift.Level.STABLE, told);
  }

  private double threshold() {
    int older = Math.toIntExact(
        Math.round((double) options.reference * options.reference / (options.reference + options.window)));
    double sum = 0;
    double squares = 0;
    for (int shuffle = 0; shuffle < options.shuffles; shuffle++) {
      int[] order = CounterRandom.of(seed, SHUFFLE, references, shuffle).permutation(options.reference);
      double t = statistic(mean(reference, Arrays.copyOf(order, older)),
          mean(reference, Arrays.copyOfRange(order, older, order.length)), older, order.length - older);
      sum += t;
      squares += t * t;
    }
    references++;
    double mean = sum / options.shuffles;
    double variance = (squares - sum * mean) / (options.shuffles - 1);
    // Embeddings that are all the same: any other one is a drift.
    return mean > 0 && variance > 0 ? upperEnd(mean, variance, options.deviations) : Math.max(mean, Double.MIN_NORMAL);
  }

  /** The value that a scaled chi-square of that mean and variance exceeds as seldom as a normal one z deviations. */
  static double upperEnd(double mean, double variance, double z) {
    double ninth = variance / (9 * mean * mean);
    double root = 1 - ninth + z * Math.sqrt(ninth);
    return mean * root * root * root;
  }

  /** {@code |a - b|² / (1/r + 1/c)}. */
  static double statistic(double[] a, double[] b, int r, int c) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return sum / (1.0 / r + 1.0 / c);
  }

  /** The mean of the rows at these places, of all where there are none. */
  private static double[] mean(float[][] rows, int @Nullable [] places) {
    double[] mean = new double[rows[0].length];
    int count = places == null ? rows.length : places.length;
    for (int i = 0; i < count; i++) {
      float[] row = rows[places == null ? i : places[i]];
      for (int c = 0; c < mean.length; c++) {
        mean[c] += row[c];
      }
    }
    for (int c = 0; c < mean.length; c++) {
      mean[c] /= count;
    }
    return mean;
  }

  @Override
  public void reset() {
    reference = new float[options.reference][];
    window = new float[options.window][];
    observed = 0;
    threshold = 0;
    score = 0;
  }

  @Override
  public double[] state() {
    int width = observed == 0 ? 0 : reference[0].length;
    int held = (int) Math.min(observed, options.reference);
    int recent = (int) Math.min(observed - held, options.window);
    double[] state = new double[HEAD + (held + recent) * width];
    state[0] = observed;
    state[1] = references;
    state[2] = threshold;
    state[3] = score;
    state[4] = width;
    int place = HEAD;
    for (int row = 0; row < held + recent; row++) {
      for (float number : row < held ? reference[row] : window[row - held]) {
        state[place++] = number;
      }
    }
    return state;
  }

  @Override
  public void restore(double[] state) {
    if (state.length < HEAD || !(state[0] >= 0) || state[0] != Math.rint(state[0])) {
      throw Observed.damaged("it has " + state.length + " numbers, or a count that is none");
    }
    long count = (long) state[0];
    int width = Observed.count(state, 4, count == 0 ? 0 : 1, MOST_WIDTH);
    int held = (int) Math.min(count, options.reference);
    int recent = (int) Math.min(count - held, options.window);
    if (state.length != HEAD + (long) (held + recent) * width) {
      throw Observed.damaged(
          "expected " + (HEAD + (long) (held + recent) * width) + " numbers for " + (held + recent) + " embeddings of "
              + width + ", got " + state.length);
    }
    reset();
    observed = count;
    references = (long) state[1];
    threshold = state[2];
    score = state[3];
    int place = HEAD;
    for (int row = 0; row < held + recent; row++) {
      float[] numbers = new float[width];
      for (int c = 0; c < width; c++) {
        numbers[c] = (float) state[place++];
      }
      if (row < held) {
        reference[row] = numbers;
      } else {
        window[row - held] = numbers;
      }
    }
  }
}
