package dev.perennial.open;

import java.util.Arrays;

/*
 * Vovk, Gammerman and Shafer, "Algorithmic Learning in a Random World", 2005: of n inputs that were not learned and one
 * more like them, each is as likely to be the k-th least familiar as any other. With
 *
 *   threshold = the k-th least familiarity,   k = floor((n + 1) (1 - keep))
 *
 * one more is below it with a chance of at most k / (n + 1) <= 1 - keep, whatever the distribution.
 */
/** The familiarity below which an input is taken for one of no known class. */
final class Threshold {

  /** The latest count, as familiarities change a little with every class that is learned. */
  static final int MOST = 600;

  private final double keep;
  private double[] latest;

  /** Of nothing seen yet. */
  Threshold(double keep) {
    this(keep, new double[0]);
  }

  /** One that was kept: what {@link #numbers} gave. */
  Threshold(double keep, double[] numbers) {
    this.keep = keep;
    this.latest = numbers.clone();
  }

  /** Takes in familiarities of inputs of known classes that were not learned. */
  void add(double... familiarities) {
    double[] all = Arrays.copyOf(latest, latest.length + familiarities.length);
    System.arraycopy(familiarities, 0, all, latest.length, familiarities.length);
    latest = all.length > MOST ? Arrays.copyOfRange(all, all.length - MOST, all.length) : all;
  }

  /** The threshold; minus infinity where too few were seen to set one. */
  double value() {
    double[] sorted = latest.clone();
    Arrays.sort(sorted);
    int k = (int) Math.floor((sorted.length + 1) * (1 - keep) + 1e-9);
    return k == 0 ? Double.NEGATIVE_INFINITY : sorted[k - 1];
  }

  /** All of it, to be kept. */
  double[] numbers() {
    return latest.clone();
  }
}
