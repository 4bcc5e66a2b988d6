package dev.perennial.server.drift;

import dev.perennial.UsageException;

/*
 * Continuous Inspection Schemes (Page, Biometrika 1954), with the running mean as the level to compare with (Hinkley
 * 1971). Of values x1, x2, ... with running means mean_t, for a rise:
 *
 *   m_t = sum over i <= t of (x_i - mean_i - tolerance)       alarm when m_t - min over i <= t of m_i > threshold
 *
 * and for a fall the same of the values with the other sign.
 */
/**
 * The Page-Hinkley test: tells when the mean of a stream has risen, fallen, or either.
 *
 * <p>A handful of numbers, O(1) a value. With the defaults of both it finds smaller changes than {@link Adwin}, and large
 * ones later; its threshold has to suit the scale of the values. Source: Continuous Inspection Schemes, Biometrika 1954.
 */
public final class PageHinkley implements Detector<Double> {

  private static final int NUMBERS = 6;

  private final Options options;
  private long count;
  private double mean;
  private double rise;
  private double lowestRise;
  private double fall;
  private double lowestFall;

  /** Which change counts. */
  public enum Direction { RISE, FALL, EITHER }

  /**
   * What counts as a change.
   *
   * @param tolerance how far from the mean a value may lie without counting, 0 or more; default 0.005
   * @param threshold the sum of what lies further out that is a drift, above 0; default 50
   * @param warmUp values before the first alarm, 1 to 1,000,000; default 30
   * @param direction default RISE, as of an error
   */
  public record Options(double tolerance, double threshold, int warmUp, Direction direction) {

    /** What is usual. */
    public static final Options DEFAULT = new Options(0.005, 50, 30, Direction.RISE);

    /** Checks the ranges. */
    public Options {
      if (!(tolerance >= 0) || !Double.isFinite(tolerance)) {
        throw new UsageException("expected a tolerance of 0 or more for Page-Hinkley, got " + tolerance);
      }
      if (!(threshold > 0) || !Double.isFinite(threshold)) {
        throw new UsageException("expected a threshold above 0 for Page-Hinkley, got " + threshold);
      }
      if (warmUp < 1 || warmUp > 1_000_000) {
        throw new UsageException("expected a warm-up of 1 to 1000000 values for Page-Hinkley, got " + warmUp);
      }
    }
  }

  /** Nothing is observed yet. */
  public PageHinkley(Options options) {
    this.options = options;
  }

  @Override
  public Drift observe(Double value) {
    count++;
    mean += (Observed.finite(value) - mean) / count;
    rise += value - mean - options.tolerance;
    fall += mean - value - options.tolerance;
    lowestRise = Math.min(lowestRise, rise);
    lowestFall = Math.min(lowestFall, fall);
    double most = switch (options.direction) {
      case RISE -> rise - lowestRise;
      case FALL -> fall - lowestFall;
      case EITHER -> Math.max(rise - lowestRise, fall - lowestFall);
    };
    if (count < options.warmUp) {
      return Drift.WARM_UP;
    }
    double score = most / options.threshold;
    if (most > options.threshold) {
      reset();
      return new Drift(Drift.Level.DRIFT, score);
    }
    return new Drift(Drift.Level.STABLE, score);
  }

  @Override
  public void reset() {
    count = 0;
    mean = 0;
    rise = 0;
    lowestRise = 0;
    fall = 0;
    lowestFall = 0;
  }

  @Override
  public double[] state() {
    return new double[] {count, mean, rise, lowestRise, fall, lowestFall};
  }

  @Override
  public void restore(double[] state) {
    if (state.length != NUMBERS || !(state[0] >= 0) || state[0] != Math.rint(state[0])) {
      throw Observed.damaged("it has " + state.length + " numbers, or a count that is none");
    }
    count = (long) state[0];
    mean = state[1];
    rise = state[2];
    lowestRise = state[3];
    fall = state[4];
    lowestFall = state[5];
  }
}
