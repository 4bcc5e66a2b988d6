package dev.perennial.stream;

import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/*
 * round(share * n) of a group's n rows leave it, and as many rows of other groups come instead: so the share of foreign
 * rows is as asked in every group, and no group changes its size. A group that would give more than all others together
 * gives as many as they do.
 *
 * Rows that leave are given places in random order. A row whose place is in its own group swaps places with another
 * one, such that neither is at home. There is one: of at most 2 g places, where g is what the row's group gives, a
 * place comes from that group or leads to it, and the row's own does both; so fewer than 2 g are of no use, and all
 * are 2 g or more.
 */
/** An exchange of rows between groups, in which no row comes back to where it came from. */
final class Exchange {

  private Exchange() {}

  /**
   * The groups after it: first the rows that stayed, in their order, then those that came.
   *
   * @param share of each group's rows, 0 to 1
   */
  static List<List<Example>> of(List<List<Example>> groups, double share, Arrival arrival) {
    int[] counts = counts(groups, share);
    var after = new ArrayList<List<Example>>();
    var leaving = new ArrayList<Example>();
    var homes = new ArrayList<Integer>();
    for (int g = 0; g < counts.length; g++) {
      var rows = groups.get(g);
      var left = new boolean[rows.size()];
      var places = IntStream.range(0, rows.size()).boxed().toList();
      for (int place : arrival.shuffled(places, Arrival.Use.LEAVING, g).subList(0, counts[g])) {
        left[place] = true;
        leaving.add(rows.get(place));
        homes.add(g);
      }
      var stayed = new ArrayList<Example>();
      places.stream().filter(place -> !left[place]).forEach(place -> stayed.add(rows.get(place)));
      after.add(stayed);
    }
    var destinations = destinations(homes, arrival);
    for (int i = 0; i < leaving.size(); i++) {
      after.get(destinations.get(i)).add(leaving.get(i));
    }
    return after;
  }

  /** How many rows each group gives. */
  private static int[] counts(List<List<Example>> groups, double share) {
    int[] counts = groups.stream().mapToInt(rows -> (int) Math.round(share * rows.size())).toArray();
    int all = IntStream.of(counts).sum();
    for (int g = 0; g < counts.length; g++) {
      counts[g] = Math.min(counts[g], all - counts[g]);
    }
    return counts;
  }

  /** A group for each row, as often each as it is among the homes, and none its own. */
  private static List<Integer> destinations(List<Integer> homes, Arrival arrival) {
    var destinations = new ArrayList<>(arrival.shuffled(homes, Arrival.Use.PLACES, 0));
    for (int i = 0; i < homes.size(); i++) {
      int home = homes.get(i);
      for (int j = 0; destinations.get(i) == home; j++) {
        if (destinations.get(j) != home && !homes.get(j).equals(destinations.get(i))) {
          Collections.swap(destinations, i, j);
        }
      }
    }
    return destinations;
  }
}
