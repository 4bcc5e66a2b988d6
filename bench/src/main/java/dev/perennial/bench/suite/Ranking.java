package dev.perennial.bench.suite;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Techniques by their accuracy at the end of the stream, the mean over seeds, best first; by name where it is the same.
 *
 * @param standings of the techniques that have finished runs
 */
record Ranking(List<Standing> standings) {

  /**
   * A technique's runs with one memory budget, or without one.
   *
   * @param runs one a seed, at least one
   */
  record Standing(String technique, List<FinishedRun> runs) {

    Standing {
      runs = List.copyOf(runs);
    }

    Spread of(ToDoubleFunction<FinishedRun> figure) {
      return Spread.of(runs.stream().map(figure::applyAsDouble).toList());
    }

    Spread accuracy() {
      return of(FinishedRun::accuracy);
    }
  }

  /** The ranking of the runs with that memory budget; null for those without one. */
  static Ranking of(List<SuiteOutcome.Finished> finished, @Nullable Long memoryBytes) {
    var runs = new LinkedHashMap<String, List<FinishedRun>>();
    for (SuiteOutcome.Finished run : finished) {
      if (Objects.equals(run.member().memoryBytes(), memoryBytes)) {
        runs.computeIfAbsent(run.member().technique(), name -> new ArrayList<>()).add(run.run());
      }
    }
    var standings = new ArrayList<Standing>();
    runs.forEach((technique, own) -> standings.add(new Standing(technique, own)));
    standings.sort(Comparator.comparingDouble((Standing standing) -> standing.accuracy().mean()).reversed()
        .thenComparing(Standing::technique));
    return new Ranking(List.copyOf(standings));
  }
}
