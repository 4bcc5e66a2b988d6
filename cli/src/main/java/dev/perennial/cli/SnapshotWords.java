package dev.perennial.cli;

import dev.perennial.restart.Orders;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;

/** The words that tell a learner how often to take snapshots: the one place where seconds become steps. */
final class SnapshotWords {

  private static final String OPTION = "--snapshot-every";

  private SnapshotWords() {}

  /** None where nothing was measured yet, a person has decided, or the command has no such option. */
  static List<String> of(Orders orders, CommandSpec command) {
    if (orders.snapshotSeconds() <= 0 || orders.stepSeconds() <= 0 || command.findOption(OPTION) == null
        || command.commandLine().getParseResult().hasMatchedOption(OPTION)) {
      return List.of();
    }
    double steps = Math.max(1, Math.rint(orders.snapshotSeconds() / orders.stepSeconds()));
    return List.of(OPTION, Long.toString((long) Math.min(steps, Integer.MAX_VALUE)));
  }
}
