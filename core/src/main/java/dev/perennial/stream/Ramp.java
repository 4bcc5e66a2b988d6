package dev.perennial.stream;

import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/*
 * Group g stands for the time from g to g + 1. Its rows come at times whose density is 1 in the middle and rises and
 * falls in a straight line over a width w around the two borders:
 *
 *        ______________                at a border b the next group's density is (t - b + w/2) / w,
 *       /              \               this one's 1 minus that: they add up to 1 at all times
 *      /                \
 *   g-w/2  g+w/2     g+1-w/2  g+1+w/2
 *
 * The k-th of n rows comes at the quantile q = (k + 1/2) / n of that density:
 *
 *   q < w/2             t = g - w/2 + sqrt(2 q w)
 *   q <= 1 - w/2        t = g + q
 *   else                t = g + 1 + w/2 - sqrt(2 (1 - q) w)
 *
 * So a share of w/8 of a group comes before its border, and as much after the other. Before the first and after the
 * last group there is nothing to mix with: times beyond the ends are mirrored into the stream.
 */
/** Groups of rows one after the other, with gradual borders: the later group's share rises in a straight line. */
final class Ramp {

  /** A row and when it comes. */
  record Timed(Example row, double time) {}

  private Ramp() {}

  /**
   * All rows in the order in which they come; those of a group in the order in which they stand.
   *
   * @param width of a border, 0 to 1, as a share of the time of a group
   */
  static List<Timed> mixed(List<List<Example>> groups, double width) {
    var mixed = new ArrayList<Timed>();
    for (int g = 0; g < groups.size(); g++) {
      double[] times = times(groups.get(g).size(), g, groups.size(), width);
      for (int k = 0; k < times.length; k++) {
        mixed.add(new Timed(groups.get(g).get(k), times[k]));
      }
    }
    mixed.sort(Comparator.comparingDouble(Timed::time));
    return mixed;
  }

  private static double[] times(int rows, int group, int groups, double width) {
    double[] times = new double[rows];
    for (int k = 0; k < rows; k++) {
      double time = group + at((k + 0.5) / rows, width);
      times[k] = time < 0 ? -time : time > groups ? 2 * groups - time : time;
    }
    Arrays.sort(times);
    return times;
  }

  private static double at(double quantile, double width) {
    if (quantile < width / 2) {
      return Math.sqrt(2 * quantile * width) - width / 2;
    }
    return quantile <= 1 - width / 2 ? quantile : 1 + width / 2 - Math.sqrt(2 * (1 - quantile) * width);
  }
}
