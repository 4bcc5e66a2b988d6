package dev.perennial.open;

/*
 * A linear head that was fitted to one-hot targets gives an input of a known class one score near 1 and others near 0. An
 * input of none has a smaller largest score, and others that are spread more widely. Their power mean of exponent 1/2
 * stands for the spread, as it is moved least by a few other large scores, those of classes close by:
 *
 *   familiarity(s) = max over c of s_c / ( 1/C * sum over c of sqrt|s_c| )^2
 *
 * On CLINC150's validation rows it ranks inputs better than max s_c (Hendrycks and Gimpel, arXiv 1610.02136) and than
 * max s_c / |s|; see docs/open-world.md.
 */
/** How much an input is like those of known classes, told by the scores of the classes. */
final class Familiarity {

  private Familiarity() {}

  /**
   * The familiarity of each row; 0 where all scores are 0. It does not depend on the scale of the scores. O(rows classes).
   *
   * @param scores {@code rows * classes} numbers, row by row
   */
  static double[] of(float[] scores, int rows, int classes) {
    double[] familiar = new double[rows];
    for (int row = 0; row < rows; row++) {
      double most = Double.NEGATIVE_INFINITY;
      double roots = 0;
      for (int c = 0; c < classes; c++) {
        double score = scores[row * classes + c];
        most = Math.max(most, score);
        roots += Math.sqrt(Math.abs(score));
      }
      double mean = roots / classes;
      familiar[row] = mean > 0 ? most / (mean * mean) : 0;
    }
    return familiar;
  }
}
