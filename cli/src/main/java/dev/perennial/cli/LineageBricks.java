package dev.perennial.cli;

import dev.perennial.engine.StoreBricks;
import dev.perennial.measure.BrickRow;
import dev.perennial.measure.BricksReport;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial bricks lineage}: what was made of what. */
@Command(
    name = "lineage",
    header = "Show every version of every brick of a store, and what it was made of; reads no backbone.",
    description = {
        "",
        "With --report it is drawn as a picture in an HTML page that needs no network: from left to right, each brick with"
            + " a line from each that it was made of, which says what was done. The reports of learn and resume have the"
            + " same picture."},
    footer = {
        "  ./perennial bricks lineage --store clinc",
        "  ./perennial bricks lineage --store clinc --report bricks.html --json bricks.json"})
final class LineageBricks implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--report", paramLabel = "OUT.html", description = "Draw it in this file.")
  private @Nullable Path report;

  @Option(names = "--json", paramLabel = "OUT", description = "Write all of it to this file.")
  private @Nullable Path json;

  private final Console console;

  LineageBricks(Console console) {
    this.console = console;
  }

  /**
   * A brick as it is written.
   *
   * @param accuracy null where it is not known
   */
  private record View(String name, String kind, long parameters, List<String> parents, String made, String trainedOn,
      boolean current, @Nullable Double accuracy) {

    private static View of(BrickRow brick) {
      OptionalDouble accuracy = brick.accuracy();
      return new View(brick.name(), brick.kind(), brick.parameters(), brick.parents(), brick.made(), brick.trainedOn(),
          brick.current(), accuracy.isPresent() ? accuracy.getAsDouble() : null);
    }
  }

  @Override
  public void run() {
    var outputs = new Outputs(json, report);
    outputs.check();
    List<BrickRow> bricks = StoreBricks.lineage(store);
    outputs.write(Json.pretty(bricks.stream().map(View::of).toList()));
    var table = new Table("brick", "kind", "how", "made of", "accuracy");
    for (BrickRow brick : bricks) {
      table.row(brick.name(), brick.kind(), brick.made(),
          brick.parents().isEmpty() ? "none" : String.join(", ", brick.parents()),
          brick.accuracy().isPresent()
              ? String.format(Locale.ROOT, "%.1f", 100 * brick.accuracy().getAsDouble())
              : "-");
    }
    console.out().print(table.text());
    if (report != null) {
      BricksReport.write(report, "Bricks of " + store, bricks);
      console.out().println("Report  " + report);
    }
    console.out().flush();
  }
}
