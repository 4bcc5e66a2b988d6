package dev.perennial.bench.suite;

import java.util.List;

/**
 * What came of all runs of a suite.
 *
 * @param suite what was asked for
 * @param finished in the order of {@link Suite#members}
 * @param leftOut runs that cannot keep to the memory budget
 * @param failed runs that went wrong
 */
record SuiteOutcome(Suite suite, List<Finished> finished, List<Missing> leftOut, List<Missing> failed) {

  SuiteOutcome {
    finished = List.copyOf(finished);
    leftOut = List.copyOf(leftOut);
    failed = List.copyOf(failed);
  }

  /** A run and its figures. */
  record Finished(Suite.Member member, FinishedRun run) {}

  /**
   * A run without figures.
   *
   * @param why in one line
   */
  record Missing(Suite.Member member, String why) {}

  /** The ranking with the largest memory budget, or without any. */
  Ranking ranking() {
    return Ranking.of(finished, suite.memoryBytes().isEmpty() ? null : suite.memoryBytes().getLast());
  }
}
