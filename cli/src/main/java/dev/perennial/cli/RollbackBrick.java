package dev.perennial.cli;

import dev.perennial.brick.Provenance;
import dev.perennial.engine.StoreBricks;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks rollback}: an older version of a brick becomes the newest again. */
@Command(
    name = "rollback",
    header = "Make an older version of a brick of the library the one that its name stands for.",
    description = {
        "",
        "Nothing is lost: the older version is added once more, to the byte, as the newest, and its lineage names both the "
            + "version that came back and the one that went. Rolling back again goes one further back."},
    footer = {
        "  ./perennial bricks rollback --store clinc theirs",
        "  ./perennial bricks rollback --store clinc theirs --to 1"})
final class RollbackBrick implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it.")
  private String name = "";

  @Option(names = "--to", paramLabel = "VERSION", description = "The version, from 1. Default: the previous one.")
  private @Nullable Integer version;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  private final Console console;

  RollbackBrick(Console console) {
    this.console = console;
  }

  /**
   * What is printed as JSON.
   *
   * @param name of the version that was added
   * @param restored the version that came back
   * @param undone the version that went
   */
  private record Outcome(String name, String restored, String undone) {}

  @Override
  public void run() {
    try (StoreBricks bricks = StoreBricks.open(store)) {
      String made = bricks.rollBack(name, version);
      Provenance provenance = bricks.read(made).provenance();
      List<String> parents = provenance.parents();
      var outcome = new Outcome(made, parents.getFirst(), parents.getLast());
      console.out().println(json
          ? Json.pretty(outcome)
          : "brick " + name + " is what it was as " + outcome.restored + " again, as " + made + "; " + outcome.undone
              + " is kept");
      console.out().flush();
    }
  }
}
