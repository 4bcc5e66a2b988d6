package dev.perennial.cluster;

/*
 * A mixture of Gaussians, each with one variance for all directions, by expectation and maximisation (Dempster, Laird and
 * Rubin 1977):
 *
 *   r_ik  proportional to  w_k (2 pi v_k)^(-d/2) exp(-|x_i - m_k|² / (2 v_k))
 *   w_k = sum_i r_ik / n        m_k = sum_i r_ik x_i / sum_i r_ik
 *   v_k = (sum_i r_ik |x_i - m_k|² + PRIOR d v) / (d sum_i r_ik + PRIOR d)
 *
 * where v is the variance around the centres that it began with: as if every component had two rows of it, so that none
 * can shrink to a point. BIC = -2 ln L + (k d + k + k - 1) ln n (Schwarz 1978).
 */
/** A Gaussian mixture fitted to rows, from where k-means ended. */
final class SphericalMixture {

  private static final double PRIOR = 2;
  private static final int STEPS = 50;
  private static final double SETTLED = 1e-9;

  private final double[][] centres;
  private final double[] weights;
  private final double[] variances;
  private final int[] labels;
  private final double[] certainties;
  private double likelihood;

  /** Fits it. O(n k d) a step. */
  SphericalMixture(double[][] rows, KMeans start) {
    int n = rows.length;
    int k = start.centres().length;
    int width = rows[0].length;
    double spread = Math.max(start.loss() / (n * (double) width), 1e-12 * (1 + meanSquare(rows)));
    centres = new double[k][];
    weights = new double[k];
    variances = new double[k];
    labels = new int[n];
    certainties = new double[n];
    double[][] shares = new double[n][k];
    for (int row = 0; row < n; row++) {
      shares[row][start.labels()[row]] = 1;
    }
    double before = Double.NEGATIVE_INFINITY;
    for (int step = 0; step < STEPS; step++) {
      maximise(rows, shares, spread);
      expect(rows, shares);
      if (likelihood - before <= SETTLED * Math.abs(likelihood)) {
        break;
      }
      before = likelihood;
    }
  }

  private static double meanSquare(double[][] rows) {
    double squares = 0;
    for (double[] row : rows) {
      squares += KMeans.square(row, new double[row.length]);
    }
    return squares / rows.length / rows[0].length;
  }

  private void maximise(double[][] rows, double[][] shares, double spread) {
    int width = rows[0].length;
    for (int c = 0; c < centres.length; c++) {
      double total = 0;
      double[] sum = new double[width];
      for (int row = 0; row < rows.length; row++) {
        total += shares[row][c];
        KMeans.add(sum, rows[row], shares[row][c]);
      }
      double squares = 0;
      double[] centre = new double[width];
      KMeans.add(centre, sum, 1 / Math.max(total, Double.MIN_NORMAL));
      for (int row = 0; row < rows.length; row++) {
        squares += shares[row][c] * KMeans.square(rows[row], centre);
      }
      centres[c] = centre;
      weights[c] = total / rows.length;
      variances[c] = (squares + PRIOR * width * spread) / (width * (total + PRIOR));
    }
  }

  private void expect(double[][] rows, double[][] shares) {
    int width = rows[0].length;
    likelihood = 0;
    for (int row = 0; row < rows.length; row++) {
      double most = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < centres.length; c++) {
        double log = Math.log(Math.max(weights[c], Double.MIN_NORMAL)) - width / 2.0 * Math.log(2 * Math.PI * variances[c])
            - KMeans.square(rows[row], centres[c]) / (2 * variances[c]);
        shares[row][c] = log;
        if (log > most) {
          most = log;
          labels[row] = c;
        }
      }
      double sum = 0;
      for (int c = 0; c < centres.length; c++) {
        shares[row][c] = Math.exp(shares[row][c] - most);
        sum += shares[row][c];
      }
      for (int c = 0; c < centres.length; c++) {
        shares[row][c] /= sum;
      }
      certainties[row] = 1 / sum;
      likelihood += most + Math.log(sum);
    }
  }

  /** Schwarz's criterion: the less the better. */
  double bic() {
    int k = centres.length;
    return -2 * likelihood + ((double) k * centres[0].length + 2.0 * k - 1) * Math.log(labels.length);
  }

  /** The component of the greatest share in each row. */
  int[] labels() {
    return labels;
  }

  /** The greatest share of each row. */
  double[] certainties() {
    return certainties;
  }
}
