package dev.perennial.server.drift;

import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.List;

/*
 * Learning from Time-Changing Data with Adaptive Windowing (Bifet, Gavalda, SDM 2007). The window W of the last n values
 * is cut where two parts W0 (older) and W1 of it have means that no stream of one mean would give:
 *
 *   |mean(W0) - mean(W1)| >= e,   e = sqrt(2/m var(W) ln(2/d')) + 2/(3m) ln(2/d'),   1/m = 1/n0 + 1/n1,   d' = delta / ln n
 *
 * (Bernstein, for values in [0, 1]), and W0 is forgotten, bucket by bucket, until no cut is left. The window is an
 * exponential histogram: buckets of 2^i values with their sum and their sum of squared deviations, at most M of a size;
 * one more, and the two oldest of them become one of the next size. Two buckets of s values with means u, v:
 *
 *   sum = sum1 + sum2       deviations = deviations1 + deviations2 + s/2 (u - v)^2
 *
 * Only the borders of buckets are tried as cuts: M log2(n/M) of them instead of n, which also bounds the memory.
 */
/**
 * ADWIN: a window that grows while the stream is stable, and forgets its older part when the mean has changed.
 *
 * <p>O(M log n) numbers for a window of n values, and O(M log n) time for each look. Source: Learning from
 * Time-Changing Data with Adaptive Windowing, SDM 2007.
 */
public final class Adwin implements Detector<Double> {

  private static final int ROWS = 50;
  private static final int HEAD = 2;
  private static final int NUMBERS = 2;

  private final Options options;
  /** By power of two: buckets, the oldest first, as pairs of a sum and a sum of squared deviations. */
  private final List<List<Bucket>> rows = new ArrayList<>();
  private long sinceLook;
  private double score;

  /**
   * How sure it has to be.
   *
   * @param delta about how likely a false alarm is at one look, above 0 and below 1; default 0.002
   * @param every how many values between two looks, 1 to 1,000,000; default 32
   * @param buckets of one size at most (M), 2 to 100; default 5
   * @param side values in each part of a cut at least, 1 to 1,000,000; default 5
   */
  public record Options(double delta, int every, int buckets, int side) {

    /** The authors' own. */
    public static final Options DEFAULT = new Options(0.002, 32, 5, 5);

    /** Checks the ranges. */
    public Options {
      if (!(delta > 0 && delta < 1)) {
        throw new UsageException("expected a delta above 0 and below 1 for ADWIN, got " + delta);
      }
      if (every < 1 || every > 1_000_000 || side < 1 || side > 1_000_000) {
        throw new UsageException(
            "expected every and side between 1 and 1000000 for ADWIN, got " + every + " and " + side);
      }
      if (buckets < 2 || buckets > 100) {
        throw new UsageException("expected 2 to 100 buckets of a size for ADWIN, got " + buckets);
      }
    }
  }

  /** Some neighbouring values. */
  private record Bucket(double sum, double deviations) {}

  /** A part of the window; buckets are added to it one after another. */
  static final class Sums {
    long count;
    double sum;
    double deviations;

    private void add(long size, Bucket bucket) {
      if (count > 0) {
        double difference = sum / count - bucket.sum / size;
        deviations += (double) count * size / (count + size) * difference * difference;
      }
      count += size;
      sum += bucket.sum;
      deviations += bucket.deviations;
    }
  }

  /** An empty window. */
  public Adwin(Options options) {
    this.options = options;
    reset();
  }

  @Override
  public Drift observe(Double value) {
    rows.getFirst().add(new Bucket(Observed.finite(value), 0));
    compress();
    sinceLook++;
    if (sinceLook >= options.every) {
      sinceLook = 0;
      double found = look();
      score = found;
      while (score >= 1) {
        forgetOldest();
        score = look();
      }
      if (found >= 1) {
        return new Drift(Drift.Level.DRIFT, found);
      }
    }
    return size() < 2L * options.side ? Drift.WARM_UP : new Drift(Drift.Level.STABLE, score);
  }

  /** How many values the window holds. */
  public long size() {
    return window().count;
  }

  /** The mean of the window; 0 where it is empty. */
  public double mean() {
    Sums window = window();
    return window.count == 0 ? 0 : window.sum / window.count;
  }

  /** The sizes of the buckets, the oldest first. */
  List<Long> buckets() {
    var sizes = new ArrayList<Long>();
    for (int row = rows.size() - 1; row >= 0; row--) {
      for (int i = 0; i < rows.get(row).size(); i++) {
        sizes.add(1L << row);
      }
    }
    return sizes;
  }

  /** The whole window. */
  Sums window() {
    var all = new Sums();
    for (int row = rows.size() - 1; row >= 0; row--) {
      for (Bucket bucket : rows.get(row)) {
        all.add(1L << row, bucket);
      }
    }
    return all;
  }

  private void compress() {
    for (int row = 0; rows.get(row).size() > options.buckets; row++) {
      if (row + 1 == rows.size()) {
        rows.add(new ArrayList<>());
      }
      Bucket first = rows.get(row).removeFirst();
      Bucket second = rows.get(row).removeFirst();
      double half = (1L << row) / 2.0;
      double difference = (first.sum - second.sum) / (1L << row);
      rows.get(row + 1).add(new Bucket(
          first.sum + second.sum, first.deviations + second.deviations + half * difference * difference));
    }
  }

  /** The largest difference of means at a border of buckets, as a share of what a cut there needs. */
  private double look() {
    Sums all = window();
    double log = Math.log(2 * Math.log(all.count) / options.delta);
    double most = 0;
    var older = new Sums();
    for (int row = rows.size() - 1; row >= 0; row--) {
      for (Bucket bucket : rows.get(row)) {
        older.add(1L << row, bucket);
        long newer = all.count - older.count;
        if (older.count >= options.side && newer >= options.side) {
          double difference = Math.abs(older.sum / older.count - (all.sum - older.sum) / newer);
          most = Math.max(most, difference / bound(older.count, newer, all.deviations / all.count, log));
        }
      }
    }
    return most;
  }

  /** The difference of means from which on a window is cut. */
  static double bound(long older, long newer, double variance, double log) {
    double inverse = 1.0 / older + 1.0 / newer;
    return Math.sqrt(2 * inverse * variance * log) + 2.0 / 3 * inverse * log;
  }

  private void forgetOldest() {
    rows.getLast().removeFirst();
    while (rows.size() > 1 && rows.getLast().isEmpty()) {
      rows.removeLast();
    }
  }

  @Override
  public void reset() {
    rows.clear();
    rows.add(new ArrayList<>());
    sinceLook = 0;
    score = 0;
  }

  @Override
  public double[] state() {
    var state = new ArrayList<Double>(List.of((double) sinceLook, score));
    for (List<Bucket> row : rows) {
      state.add((double) row.size());
      for (Bucket bucket : row) {
        state.add(bucket.sum);
        state.add(bucket.deviations);
      }
    }
    return state.stream().mapToDouble(Double::doubleValue).toArray();
  }

  @Override
  public void restore(double[] state) {
    int look = Observed.count(state, 0, 0, options.every - 1);
    var read = new ArrayList<List<Bucket>>();
    int place = HEAD;
    while (place < state.length && read.size() < ROWS) {
      int count = Observed.count(state, place++, 0, options.buckets);
      if (place + count * NUMBERS > state.length) {
        throw Observed.damaged("it ends within a bucket");
      }
      var row = new ArrayList<Bucket>();
      for (int i = 0; i < count; i++, place += NUMBERS) {
        row.add(new Bucket(state[place], state[place + 1]));
      }
      read.add(row);
    }
    if (place != state.length || read.isEmpty() || (read.size() > 1 && read.getLast().isEmpty())) {
      throw Observed.damaged("it has " + state.length + " numbers, of which " + place + " are buckets");
    }
    rows.clear();
    rows.addAll(read);
    sinceLook = look;
    score = state[1];
  }
}
