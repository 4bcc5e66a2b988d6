package dev.perennial.bench.suite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How long the runs that are left will take: each as long as those of its technique took on average; where none of them
 * is finished, as long as the one that goes on would take at its pace, or as all finished runs did.
 */
final class Forecast {

  /** Before so much of a run is done, its pace says nothing. */
  private static final double FIRST_PACE = 0.05;

  private final Set<Suite.Member> left;
  private final Map<String, List<Double>> seconds = new TreeMap<>();

  Forecast(Collection<Suite.Member> members) {
    left = new LinkedHashSet<>(members);
  }

  /** A run is finished after so many seconds. */
  void finished(Suite.Member member, double took) {
    left.remove(member);
    seconds.computeIfAbsent(member.technique(), name -> new ArrayList<>()).add(took);
  }

  /** A run will not be run. */
  void dropped(Suite.Member member) {
    left.remove(member);
  }

  /**
   * Seconds left; empty where nothing is known.
   *
   * @param current the run that goes on; null for none
   * @param elapsed how long it has gone on
   * @param share how much of it is done, from 0 to 1
   */
  OptionalDouble left(Suite.@Nullable Member current, double elapsed, double share) {
    double pace = share < FIRST_PACE ? Double.NaN : elapsed / share;
    double all = seconds.values().stream().flatMap(List::stream)
        .mapToDouble(Double::doubleValue).average().orElse(pace);
    double sum = 0;
    for (Suite.Member member : left) {
      List<Double> own = seconds.get(member.technique());
      boolean alike = current != null && member.technique().equals(current.technique()) && !Double.isNaN(pace);
      double expected = own != null ? mean(own) : alike ? pace : all;
      sum += member.equals(current) ? Math.max(0, expected - elapsed) : expected;
    }
    return Double.isNaN(sum) ? OptionalDouble.empty() : OptionalDouble.of(sum);
  }

  private static double mean(List<Double> values) {
    return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
  }
}
