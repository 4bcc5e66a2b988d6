package dev.perennial.measure;

import java.util.Arrays;

/*
 * With n rows inside, m outside, and R the sum of the ranks of the inside rows among all, equal scores sharing the mean of
 * their ranks (Mann and Whitney, 1947; Hanley and McNeil, 1982):
 *
 *   AUROC = (R - n (n + 1) / 2) / (n m)
 */
/** The area under the receiver operating characteristic of a score. */
public final class RankArea {

  private RankArea() {}

  /**
   * The chance that a row inside scores higher than one outside, where ties count half: 1 where the score tells them
   * apart, 0.5 where it says nothing. O(n log n).
   *
   * @param inside scores, at least one, none of them NaN
   * @param outside likewise
   */
  public static double of(double[] inside, double[] outside) {
    if (inside.length == 0 || outside.length == 0) {
      throw new IllegalArgumentException("an area needs rows inside and outside, not " + inside.length + " and "
          + outside.length);
    }
    double[] in = inside.clone();
    double[] out = outside.clone();
    Arrays.sort(in);
    Arrays.sort(out);
    double wins = 0;
    int below = 0;
    int upTo = 0;
    for (double score : in) {
      while (below < out.length && out[below] < score) {
        below++;
      }
      while (upTo < out.length && out[upTo] <= score) {
        upTo++;
      }
      wins += below + (upTo - below) / 2.0;
    }
    return wins / ((double) in.length * out.length);
  }
}
