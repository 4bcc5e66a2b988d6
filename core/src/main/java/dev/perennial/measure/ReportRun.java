package dev.perennial.measure;

import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.stream.Scenario;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One run as a report shows it. All names are shown as they are, whatever characters they hold.
 *
 * @param name what the report calls the run; different from the others' names
 * @param result its figures
 * @param history its evaluations, the ones the figures are made of; as many as rows in the result's matrix
 * @param experiences what the experiences are called, in the order of the stream; as many as evaluations or more
 * @param budget what it was allowed to spend
 * @param ledger what it spent, in the order of spending; may be empty
 * @param bricks the model's parameter modules; may be empty
 * @param facts what else there is to know, by name and in the order to show: dataset, backbone, versions, threads
 */
public record ReportRun(
    String name,
    Result result,
    AccuracyHistory history,
    List<String> experiences,
    Budget budget,
    List<Ledger.Entry> ledger,
    List<BrickRow> bricks,
    Map<String, String> facts) {

  /** Copies the lists and checks that names, history and result belong together. */
  public ReportRun {
    experiences = List.copyOf(experiences);
    ledger = List.copyOf(ledger);
    bricks = List.copyOf(bricks);
    facts = Collections.unmodifiableMap(new LinkedHashMap<>(facts));
    int evaluated = history.evaluations().size();
    if (evaluated == 0 || evaluated != result.accuracy().size() || experiences.size() < evaluated) {
      throw new IllegalArgumentException(String.format(
          "run %s has %d evaluations, a matrix of %d rows and %d named experiences: they must be as many, and not none",
          name, evaluated, result.accuracy().size(), experiences.size()));
    }
  }

  /** Whether the masked predictions are this run's predictions. */
  boolean taskTold() {
    return Scenario.of(result.scenario()).taskTold();
  }
}
