package dev.perennial.stream;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.toList;

import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Experiences made of training rows that were dealt out already: the test rows follow them. */
final class Deal {

  private Deal() {}

  /**
   * The experiences.
   *
   * @param names of them
   * @param train rows of each, in the order in which they arrive
   * @param test all test rows; those of a key are shared out in proportion to the key's training rows
   * @param key what decides where a test row belongs: its label, or its domain. Rows of a key without training rows
   *     are left out
   */
  static List<Experience> experiences(List<String> names, List<List<Example>> train, List<Example> test,
      Function<Example, String> key, Arrival arrival) {
    var shared = shared(train, test, key, arrival);
    var experiences = new ArrayList<Experience>();
    for (int i = 0; i < train.size(); i++) {
      experiences.add(
          new Experience(i, names.get(i), ByClass.classes(train.get(i)), train.get(i), shared.get(i)));
    }
    return experiences;
  }

  private static List<List<Example>> shared(
      List<List<Example>> train, List<Example> test, Function<Example, String> key, Arrival arrival) {
    var weights = new TreeMap<String, int[]>();
    var shared = new ArrayList<List<Example>>();
    for (int i = 0; i < train.size(); i++) {
      for (Example row : train.get(i)) {
        weights.computeIfAbsent(key.apply(row), name -> new int[train.size()])[i]++;
      }
      shared.add(new ArrayList<>());
    }
    int place = 0;
    for (var rows : test.stream().collect(groupingBy(key, TreeMap::new, toList())).entrySet()) {
      var shuffled = arrival.shuffled(rows.getValue(), Arrival.Use.TEST, place++);
      int[] shares = apportioned(shuffled.size(), weights.getOrDefault(rows.getKey(), new int[train.size()]));
      int from = 0;
      for (int i = 0; i < shares.length; i++) {
        shared.get(i).addAll(shuffled.subList(from, from + shares[i]));
        from += shares[i];
      }
    }
    return shared;
  }

  /**
   * A total shared out in proportion to weights, by the method of the largest remainder (Hamilton): each gets its share
   * rounded down, and what is left goes, one each, to those that lost most by that, the first of equals first.
   *
   * @return as many numbers as weights, whose sum is the total; all 0 where all weights are
   */
  static int[] apportioned(int total, int[] weights) {
    long sum = IntStream.of(weights).asLongStream().sum();
    int[] shares = new int[weights.length];
    if (sum == 0) {
      return shares;
    }
    int left = total;
    for (int i = 0; i < weights.length; i++) {
      shares[i] = (int) ((long) total * weights[i] / sum);
      left -= shares[i];
    }
    var byRemainder = IntStream.range(0, weights.length).boxed()
        .sorted(Comparator.comparing((Integer i) -> -((long) total * weights[i] % sum)))
        .toList();
    for (int i : byRemainder.subList(0, left)) {
      shares[i]++;
    }
    return shares;
  }
}
