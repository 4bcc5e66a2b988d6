package dev.perennial.cli;

import dev.perennial.engine.Discoveries;
import dev.perennial.engine.Predictor;
import dev.perennial.open.DiscoveryOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial discover}: new classes among texts of no known one. */
@Command(
    name = "discover",
    header = "Find classes that a store does not know among texts, as many as there are.",
    description = {
        "",
        "Of the texts given, those of known classes are left out; what is alike among the others is put together, as much "
            + "alike as texts of a known class are. What is large enough is shown, the largest first. Give a class a name "
            + "with ./perennial teach. Takes a store that was learned with --open."},
    footer = {
        "  ./perennial discover --store clinc - < texts.txt",
        "  ./perennial discover --store clinc --least 20 --show 5 --json - < texts.txt > classes.json"})
final class DiscoverCommand implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where what was learned is kept.")
  private Path store = Path.of("");

  @Option(
      names = "--least",
      paramLabel = "N",
      defaultValue = "8",
      description = "Texts of a new class at least. Default: ${DEFAULT-VALUE}.")
  private int least;

  @Option(
      names = "--alike",
      paramLabel = "SHARE",
      defaultValue = "0.55",
      description = "How much alike texts of a new class are, as a share of how much those of known ones are; lower for "
          + "fewer and wider classes. Default: ${DEFAULT-VALUE}.")
  private double alike;

  @Option(
      names = "--show",
      paramLabel = "N",
      defaultValue = "3",
      description = "Texts to show of each class. Default: ${DEFAULT-VALUE}; --json shows all.")
  private int show;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  @Parameters(
      paramLabel = "TEXT",
      arity = "1..*",
      description = "Texts; or - alone for the lines of standard input, in UTF-8, of which blank ones are left out.")
  private List<String> texts = new ArrayList<>();

  private final Console console;

  DiscoverCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    var options = new DiscoveryOptions(least, alike);
    List<String> given = InputLines.all(texts, console);
    try (var predictor = Predictor.open(
        store, threads == null ? Runtime.getRuntime().availableProcessors() : threads)) {
      Discoveries found = predictor.discover(given, options);
      if (predictor.cut() > 0) {
        console.err().println("perennial: " + LiveProgress.cutLine(predictor.cut()));
      }
      if (json) {
        console.out().println(Json.pretty(found));
      } else {
        print(found);
      }
    }
  }

  private void print(Discoveries found) {
    console.out().printf(Locale.ROOT, "%,d of %,d texts are of no known class; %s%n", found.unknown(), found.texts(),
        found.classes().isEmpty() ? "none of them are alike enough for a new one"
            : found.classes().size() == 1 ? "there may be 1 new one" : "there may be " + found.classes().size() + " new ones");
    int number = 0;
    for (Discoveries.NewClass proposed : found.classes()) {
      number++;
      console.out().printf(Locale.ROOT, "%nNew class %d: %,d texts, likeness %.2f%n", number, proposed.members().size(),
          proposed.likeness());
      proposed.members().stream().limit(Math.max(0, show))
          .forEach(text -> console.out().println("  " + text.replaceAll("\\s+", " ")));
    }
  }
}
