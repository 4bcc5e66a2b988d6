package dev.perennial.measure;

/*
 * Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", arXiv:1706.04599, equation 5. Predictions
 * are put into M = 15 bins by their confidence, bin m holding ((m - 1) / M, m / M]:
 *
 *   ECE = sum over m of |B_m| / n * | accuracy(B_m) - mean confidence(B_m) |
 */
/**
 * The expected calibration error of predictions: by how much their confidences are off, 0 to 1. 0 where of all predictions
 * that are 80 % sure 80 % are right, and so on. Constant memory; a prediction takes constant time.
 */
public final class CalibrationError {

  /** As in the paper. */
  private static final int BINS = 15;

  private final long[] rows = new long[BINS];
  private final long[] right = new long[BINS];
  private final double[] confidence = new double[BINS];

  /** Of no prediction yet. */
  public CalibrationError() {}

  /**
   * Takes in a prediction.
   *
   * @param sure its confidence, 0 to 1
   * @param isRight whether it was right
   */
  public void add(double sure, boolean isRight) {
    if (!(sure >= 0 && sure <= 1 + 1e-6)) {
      throw new IllegalArgumentException("a confidence is between 0 and 1, not " + sure);
    }
    int bin = Math.clamp((int) Math.ceil(sure * BINS) - 1, 0, BINS - 1);
    rows[bin]++;
    right[bin] += isRight ? 1 : 0;
    confidence[bin] += sure;
  }

  /** The error, 0 to 1; 0 of no predictions. */
  public double value() {
    long all = 0;
    double sum = 0;
    for (int bin = 0; bin < BINS; bin++) {
      all += rows[bin];
      sum += Math.abs(right[bin] - confidence[bin]);
    }
    return all == 0 ? 0 : sum / all;
  }
}
