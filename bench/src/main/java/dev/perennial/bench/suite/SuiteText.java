package dev.perennial.bench.suite;

import dev.perennial.bench.Machine;
import dev.perennial.bench.Table;
import dev.perennial.budget.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A suite's figures for a terminal. */
final class SuiteText {

  private SuiteText() {}

  /** The ranking, what there is to know of it, and where it was measured; without a line end after the last line. */
  static String of(SuiteOutcome outcome) {
    var parts = new ArrayList<String>();
    Ranking ranking = outcome.ranking();
    if (!ranking.standings().isEmpty()) {
      parts.add(summary(outcome));
      parts.add(table(ranking));
    }
    List<MemoryCurve> curves = MemoryCurve.of(outcome);
    if (!curves.isEmpty()) {
      parts.add(curves(curves));
    }
    List<String> notes = notes(outcome);
    if (!notes.isEmpty()) {
      parts.add(String.join(System.lineSeparator(), notes));
    }
    if (!outcome.finished().isEmpty()) {
      FinishedRun one = outcome.finished().getFirst().run();
      Machine machine = one.machine();
      parts.add(machine.line() + "; commit " + one.commit());
    }
    return String.join(System.lineSeparator() + System.lineSeparator(), parts);
  }

  /** What was run, in a sentence. */
  static String summary(SuiteOutcome outcome) {
    Suite suite = outcome.suite();
    FinishedRun one = outcome.finished().getFirst().run();
    String budget = suite.base().budget().limit(Resource.SECONDS).isPresent()
        ? ", " + Resource.SECONDS.format(suite.base().budget().limit(Resource.SECONDS).getAsDouble()) + " of learning"
        : "";
    String memory = suite.memoryBytes().isEmpty() ? ""
        : ", " + Resource.BYTES.format(suite.memoryBytes().getLast()) + " of memory";
    return String.format(Locale.ROOT, "%s (%s): %s, %d experiences, %d classes, %d seed%s%s%s", suite.name(),
        one.data(), one.result().scenario(), one.result().tasks(), one.result().classes(), suite.seeds(),
        suite.seeds() == 1 ? "" : "s", budget, memory);
  }

  private static String table(Ranking ranking) {
    var table = new Table(
        "", "accuracy %", "forgetting %", "task forgetting %", "memory", "seconds", "examples/s", "runs");
    int rank = 1;
    for (Ranking.Standing standing : ranking.standings()) {
      table.row(rank++ + ". " + standing.technique(),
          standing.accuracy().percent(),
          standing.of(run -> run.result().forgetting()).percent(),
          standing.of(run -> run.result().taskForgetting()).percent(),
          Resource.BYTES.format(standing.of(run -> run.result().memoryBytes()).mean()),
          standing.of(run -> run.result().learnSeconds()).text(value -> String.format(Locale.ROOT, "%.1f", value)),
          String.format(Locale.ROOT, "%,.0f", standing.of(run -> run.result().examplesPerSecond()).mean()),
          Integer.toString(standing.runs().size()));
    }
    return table.text();
  }

  private static String curves(List<MemoryCurve> curves) {
    var head = new ArrayList<String>(List.of("accuracy % with", "AUC-L", "AUC-A"));
    curves.getFirst().points().forEach(point -> head.add(Resource.BYTES.format((double) point.bytes())));
    var table = new Table(head.toArray(String[]::new));
    for (MemoryCurve curve : curves) {
      var row = new ArrayList<String>(
          List.of(curve.technique(), percent(curve.aucLast()), percent(curve.aucAverage())));
      curve.points().forEach(point -> row.add(percent(point.last())));
      table.row(row.toArray(String[]::new));
    }
    return table.text();
  }

  /** Runs that were stopped, left out or went wrong, a line each. */
  static List<String> notes(SuiteOutcome outcome) {
    var lines = new ArrayList<String>();
    for (SuiteOutcome.Finished finished : outcome.finished()) {
      if (!finished.run().stopped().isEmpty()) {
        lines.add(finished.member().id() + ": " + finished.run().stopped()
            + "; test rows of experiences not learned count as wrong");
      }
    }
    outcome.leftOut().forEach(missing -> lines.add(missing.member().id() + " is left out: " + missing.why()));
    outcome.failed().forEach(missing -> lines.add(missing.member().id() + " failed: " + missing.why()));
    return lines;
  }

  private static String percent(double fraction) {
    return String.format(Locale.ROOT, "%.1f", 100 * fraction);
  }
}
