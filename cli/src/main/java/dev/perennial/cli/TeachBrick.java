package dev.perennial.cli;

import dev.perennial.engine.LibraryLearning;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bricks teach}. */
@Command(
    name = "teach",
    header = "Give examples of what a brick of the library is for.",
    description = {"", "They are added to those before; bricks route --router prototypes, or analytic, goes by them."},
    footer = {
        "  ./perennial bricks teach --store clinc banking \"how much is 20 euros in yen\"",
        "  ./perennial bricks teach --store clinc --class transfer banking - < transfers.txt"})
final class TeachBrick implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(
      names = "--class",
      paramLabel = "LABEL",
      defaultValue = "",
      description = "Of the examples, where those of a brick are unlike each other.")
  private String label = "";

  @Parameters(index = "0", paramLabel = "NAME", description = "The brick, as bricks list names it.")
  private String name = "";

  @Parameters(
      index = "1..*",
      paramLabel = "TEXT",
      arity = "1..*",
      description = "Examples; or - alone for the lines of standard input, in UTF-8.")
  private List<String> texts = new ArrayList<>();

  private final Console console;

  TeachBrick(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    List<String> examples = InputLines.all(texts, console);
    try (Meter meter = Meter.of(console, "examples", examples.size())) {
      LibraryLearning.teach(store, name, label, examples, meter::at);
    }
    console.out().println("brick " + name + " has " + examples.size() + " more example"
        + (examples.size() == 1 ? "" : "s"));
  }
}
