package dev.perennial.cli;

import dev.perennial.budget.Placement;
import dev.perennial.budget.Resource;
import dev.perennial.engine.Inspection;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial bricks allocation}: where the parameters of a store's brick went, and why. */
@Command(
    name = "allocation",
    header = "Show where the parameters of a brick went and why, as the ledger has it; reads no backbone.",
    description = {
        "", "Of kinds that deal ranks out while they train: adalora with a targetRank, and increlora. Each line is the last "
            + "decision at a site; --all shows every one."},
    footer = {
        "  ./perennial learn --data mail.csv --text body --label folder --tasks 1 --technique fine-tune \\",
        "      --option brick=increlora rank=2 \"sites=query|key|value|dense\" --store mail",
        "  ./perennial bricks allocation --store mail"})
final class BrickAllocation implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--all", description = "Show every decision, in order.")
  private boolean all;

  @Option(names = "--json", description = "Print a JSON list.")
  private boolean json;

  private final Console console;

  BrickAllocation(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    List<Placement> decisions = Inspection.of(store).ledger().placements();
    if (!all) {
      Map<String, Placement> last = new LinkedHashMap<>();
      decisions.forEach(placement -> last.put(placement.site(), placement));
      decisions = List.copyOf(last.values());
    }
    if (json) {
      console.out().println(Json.pretty(decisions));
      return;
    }
    if (decisions.isEmpty()) {
      console.out().println("No parameters were dealt out in " + store
          + ": only adalora with a targetRank and increlora do that, every other brick stays as it was laid out.");
      return;
    }
    var table = new Table("site", "rank", "parameters", "importance", "experience", "step", "why");
    for (Placement placement : decisions) {
      table.row(placement.site(), placement.rank(), Resource.PARAMETERS.format(placement.parameters()),
          String.format(Locale.ROOT, "%.2e", placement.importance()), placement.experience() + 1, placement.step(),
          placement.why());
    }
    console.out().print(table.text());
    if (!all) {
      console.out().printf(Locale.ROOT, "In all: %s parameters, rank %d%n", Resource.PARAMETERS.format(
          decisions.stream().mapToLong(Placement::parameters).sum()), decisions.stream().mapToInt(Placement::rank).sum());
    }
    console.out().flush();
  }
}
