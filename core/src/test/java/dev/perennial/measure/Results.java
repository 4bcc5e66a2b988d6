package dev.perennial.measure;

import java.util.Map;

/** Results for tests. */
final class Results {
  private static final Cost COST = new Cost(294_912, 1_310_720, 0, 61.5, 12.25, 48.78, 1_610_612_736);

  private Results() {}

  /** The result of {@link Histories#BY_HAND}. */
  static Result byHand(String technique) {
    return with(technique, Map.of("rank", 8));
  }

  static Result with(String technique, Map<String, Object> options) {
    return Result.of(
        new Setup(technique, options, 1, "class-incremental", 3, 4), Metrics.of(Histories.BY_HAND, false), COST,
        "5f".repeat(32));
  }

  /** A result with another history and cost. */
  static Result with(String technique, AccuracyHistory history, Cost cost) {
    int tasks = history.evaluations().size();
    return Result.of(
        new Setup(technique, Map.of(), 1, "class-incremental", tasks, tasks), Metrics.of(history, false), cost,
        "0c".repeat(32));
  }
}
