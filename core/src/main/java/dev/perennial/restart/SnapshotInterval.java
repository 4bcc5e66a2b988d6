package dev.perennial.restart;

import dev.perennial.UsageException;

/*
 * Work is saved every T seconds at a cost of C seconds; failures come at random, mu seconds apart on average. What is
 * lost of the time is about
 *
 *   waste(T) = C / T + T / (2 mu)                                             least at T = sqrt(2 C mu)          (Young)
 *
 * Exactly, with failures that follow an exponential law and a restart of R seconds, a piece of T seconds of work takes
 *
 *   E(T) = (mu + R) (exp((T + C) / mu) - 1)                                   waste(T) = 1 - T / E(T)
 *
 * and the T that loses least is, to a higher order,
 *
 *   T = sqrt(2 C mu) [1 + sqrt(C / (2 mu)) / 3 + C / (18 mu)] - C  for C < 2 mu, else mu                          (Daly)
 *
 * Where a share r of the failures is foretold in time for a snapshot, only the others lose work:
 *
 *   waste(T) = C / T + (1 - r) T / (2 mu) + r Cp / (p mu) + R / mu            least at T = sqrt(2 C mu / (1 - r))
 *
 * with Cp the cost of such a snapshot and p the share of predictions that come true. A prediction is worth it if more
 * than Cp / p seconds have passed since the last snapshot (Aupy, Robert, Vivien, Zaidouni: arXiv 1207.6936, 1302.3752).
 */
/** The time between two snapshots that loses least to snapshots and failures together. */
public final class SnapshotInterval {

  private SnapshotInterval() {}

  /**
   * Young's interval, a first approximation to the optimum checkpoint interval (1974).
   *
   * @param cost seconds that a snapshot holds learning up, above 0
   * @param meanTimeBetweenFailures seconds, above 0
   * @return seconds of work between snapshots
   */
  public static double young(double cost, double meanTimeBetweenFailures) {
    return foretold(cost, meanTimeBetweenFailures, 0);
  }

  /**
   * Daly's interval, a higher order estimate of the optimum checkpoint interval (2006).
   *
   * @param cost seconds that a snapshot holds learning up, above 0
   * @param meanTimeBetweenFailures seconds, above 0
   * @return seconds of work between snapshots
   */
  public static double daly(double cost, double meanTimeBetweenFailures) {
    require(cost, meanTimeBetweenFailures);
    if (cost >= 2 * meanTimeBetweenFailures) {
      return meanTimeBetweenFailures;
    }
    double ratio = cost / (2 * meanTimeBetweenFailures);
    return Math.sqrt(2 * cost * meanTimeBetweenFailures) * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - cost;
  }

  /**
   * Young's interval where some failures are foretold.
   *
   * @param recall the share of failures that are foretold, 0 to below 1
   * @return seconds of work between snapshots
   */
  public static double foretold(double cost, double meanTimeBetweenFailures, double recall) {
    require(cost, meanTimeBetweenFailures);
    if (!(recall >= 0 && recall < 1)) {
      throw new UsageException("expected a recall from 0 to below 1, got " + recall);
    }
    return Math.sqrt(2 * cost * meanTimeBetweenFailures / (1 - recall));
  }

  /**
   * The share of the time that is lost with failures of an exponential law, none foretold: 0 to 1.
   *
   * @param restart seconds from a failure to work again
   */
  public static double waste(double interval, double cost, double meanTimeBetweenFailures, double restart) {
    double piece = (meanTimeBetweenFailures + restart) * Math.expm1((interval + cost) / meanTimeBetweenFailures);
    return 1 - interval / piece;
  }

  private static void require(double cost, double meanTimeBetweenFailures) {
    if (!(cost > 0) || !(meanTimeBetweenFailures > 0)) {
      throw new UsageException("expected a cost and a time between failures above 0, got " + cost + " and "
          + meanTimeBetweenFailures);
    }
  }
}
