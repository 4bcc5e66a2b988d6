package dev.perennial.bench.suite;

import java.util.List;

/**
 * The polynomial of least degree through some points, by Lagrange's formula: p(x) = sum over i of y_i times the product
 * over j other than i of (x - x_j) / (x_i - x_j).
 *
 * @param x different from each other, at least one
 * @param y as many
 */
record Polynomial(List<Long> x, List<Long> y) {

  Polynomial {
    x = List.copyOf(x);
    y = List.copyOf(y);
  }

  double at(long place) {
    double sum = 0;
    for (int i = 0; i < x.size(); i++) {
      double term = y.get(i);
      for (int j = 0; j < x.size(); j++) {
        if (j != i) {
          term *= (double) (place - x.get(j)) / (x.get(i) - x.get(j));
        }
      }
      sum += term;
    }
    return sum;
  }

  /**
   * The largest whole place from {@code least} to {@code most} with a value of at most {@code limit}, for a polynomial
   * that grows there; less than {@code least} where there is none.
   */
  long largestUpTo(double limit, long least, long most) {
    long below = least - 1;
    long above = most + 1;
    while (above - below > 1) {
      long middle = (below + above) >>> 1;
      if (at(middle) <= limit) {
        below = middle;
      } else {
        above = middle;
      }
    }
    return below;
  }
}
