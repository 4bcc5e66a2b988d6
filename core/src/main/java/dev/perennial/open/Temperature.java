package dev.perennial.open;

/*
 * Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", arXiv:1706.04599, section 4.2:
 *
 *   confidence of class c = exp(z_c / T) / sum over j of exp(z_j / T)
 *   T minimises  NLL(T) = - sum over held-back rows of log(confidence of the row's class)
 *
 * NLL is a sum over rows. It is kept at STEPS values of T, evenly spaced in log T, and so rows of many experiences add up
 * while none of them is kept: the minimum is that of all rows at once. Between the values it is one step of Newton's method
 * from the least of them, with the derivatives of the parabola through it and its neighbours.
 *
 * Where no row is wrong, ever smaller T would be ever better. So one row more is imagined, with the mean loss of all rows
 * if each class were as likely: of n rows none is then taken to be surer than about n + 1 in n + 2.
 */
/** By what the scores of a learner are divided, so that their softmax is as sure as it is right. */
final class Temperature {

  private static final int STEPS = 192;
  private static final double LEAST = Math.log(1e-4);
  private static final double MOST = Math.log(1e3);

  /** Older rows fade once there are more, as scores of a learner that has since learned others say less. */
  private static final double MOST_ROWS = 2000;

  private final double[] losses;
  /** The sum over rows of the mean loss over all classes. */
  private final double[] ofAnyClass;
  private double rows;

  /** Of no rows yet. */
  Temperature() {
    losses = new double[STEPS];
    ofAnyClass = new double[STEPS];
  }

  /** One that was kept: what {@link #numbers} gave. */
  Temperature(double[] numbers) {
    this();
    System.arraycopy(numbers, 0, losses, 0, STEPS);
    System.arraycopy(numbers, STEPS, ofAnyClass, 0, STEPS);
    rows = numbers[2 * STEPS];
  }

  /** How many {@link #numbers} there are. */
  static int length() {
    return 2 * STEPS + 1;
  }

  private static double at(double step) {
    return Math.exp(LEAST + step * (MOST - LEAST) / (STEPS - 1));
  }

  /**
   * Takes in rows that were not learned. O(rows classes).
   *
   * @param scores {@code rows * classes} numbers, row by row
   * @param labels the number of each row's class
   */
  void add(float[] scores, int classes, int[] labels) {
    double kept = Math.min(1, Math.max(0, MOST_ROWS - labels.length) / Math.max(rows, 1));
    rows = rows * kept + labels.length;
    for (int step = 0; step < STEPS; step++) {
      losses[step] *= kept;
      ofAnyClass[step] *= kept;
    }
    for (int row = 0; row < labels.length; row++) {
      add(scores, row * classes, classes, labels[row]);
    }
  }

  private void add(float[] scores, int from, int classes, int label) {
    double most = Double.NEGATIVE_INFINITY;
    double mean = 0;
    for (int c = 0; c < classes; c++) {
      most = Math.max(most, scores[from + c]);
      mean += scores[from + c] / (double) classes;
    }
    for (int step = 0; step < STEPS; step++) {
      double temperature = at(step);
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp((scores[from + c] - most) / temperature);
      }
      losses[step] += Math.log(sum) - (scores[from + label] - most) / temperature;
      ofAnyClass[step] += Math.log(sum) - (mean - most) / temperature;
    }
  }

  /** T; 1 while no row was taken in. */
  double value() {
    if (rows == 0) {
      return 1;
    }
    double[] sums = new double[STEPS];
    int least = 0;
    for (int step = 0; step < STEPS; step++) {
      sums[step] = losses[step] + ofAnyClass[step] / rows;
      if (sums[step] < sums[least]) {
        least = step;
      }
    }
    if (least == 0 || least == STEPS - 1) {
      return at(least);
    }
    double before = sums[least - 1] - sums[least];
    double after = sums[least + 1] - sums[least];
    double sum = before + after;
    return at(least + (sum > 0 ? (before - after) / (2 * sum) : 0));
  }

  /** All of it, to be kept. */
  double[] numbers() {
    double[] numbers = new double[length()];
    System.arraycopy(losses, 0, numbers, 0, STEPS);
    System.arraycopy(ofAnyClass, 0, numbers, STEPS, STEPS);
    numbers[2 * STEPS] = rows;
    return numbers;
  }

  /** The confidence of the class of the highest score of a row, above 0 to 1. */
  static double confidence(float[] scores, int from, int classes, double temperature) {
    double most = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      most = Math.max(most, scores[from + c]);
    }
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      sum += Math.exp((scores[from + c] - most) / temperature);
    }
    return 1 / sum;
  }
}
