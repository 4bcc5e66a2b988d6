package dev.perennial.tune;

import dev.perennial.measure.Result;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Standings made by hand. */
final class Judged {

  private Judged() {}

  static Trial trial(String name, int rows, long seed, double seconds, double accuracy, long bytes, double learned) {
    var result = new Result(name, Map.of(), seed, "class-incremental", 1, 2, List.of(List.of(accuracy)), accuracy,
        accuracy, accuracy, 0, 0, accuracy, 0, List.of(), 1, bytes / 2, bytes - bytes / 2, learned, 0, 1, 0, "");
    return new Trial(new Candidate(name, new TreeMap<>()), rows, 100, seed, seconds, result, "");
  }

  /** One trial on 10 rows of a class, judged by 100 rows. */
  static Standing standing(String name, double accuracy, long bytes, double learned) {
    return of(trial(name, 10, 1, learned, accuracy, bytes, learned));
  }

  static Standing of(Trial... trials) {
    var standing = new Standing(trials[0].candidate());
    for (Trial trial : trials) {
      standing.add(trial);
    }
    return standing;
  }
}
