package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.engine.BrickRoutes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands that route texts over the library of a store. */
final class BricksRouting {

  private static final int BATCH = 256;

  private BricksRouting() {}

  private static List<String> words(List<String> texts) {
    if (texts.stream().anyMatch(String::isBlank)) {
      throw new UsageException("expected a text, got a blank one: give it some words");
    }
    return texts;
  }

  /** {@code bricks route}. */
  @Command(
      name = "route",
      header = "Show which bricks of the library texts go to, with weights.",
      description = {
          "",
          "One line for each text, in the order given: brick and weight, heaviest first, then the text, between tabs.",
          "",
          "  arrow       looks at the bricks alone (default)",
          "  prototypes  looks at examples of what bricks are for, given by bricks teach",
          "  phatgoose   looks at gates that were learned for the bricks by bricks gate"},
      footer = {
          "  ./perennial bricks route --store clinc \"how much is 20 euros in yen\"",
          "  ./perennial bricks route --store clinc --router prototypes --json - < texts.txt"})
  static final class Route implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
    private Path store = Path.of("");

    @Option(
        names = "--router",
        paramLabel = "NAME",
        defaultValue = "arrow",
        description = "arrow, prototypes or phatgoose. Default: ${DEFAULT-VALUE}.")
    private String router = "";

    @Option(
        names = "--top",
        paramLabel = "K",
        defaultValue = "3",
        description = "How many bricks to name for each text. Default: ${DEFAULT-VALUE}.")
    private int top;

    @Option(names = "--json", description = "Print a JSON object for each text.")
    private boolean json;

    @Parameters(
        paramLabel = "TEXT",
        arity = "1..*",
        description = "Texts; or - alone for the lines of standard input, in UTF-8, of which blank ones are left out.")
    private List<String> texts = new ArrayList<>();

    private final Console console;

    Route(Console console) {
      this.console = console;
    }

    /** What is printed as JSON. */
    private record Routed(String text, String router, List<BrickRoutes.Share> bricks) {}

    @Override
    public void run() {
      if (top < 1) {
        throw new UsageException("expected --top of at least 1, got " + top + ": say how many bricks to name");
      }
      boolean fromInput = texts.equals(List.of("-"));
      List<String> given = fromInput ? List.of() : words(texts);
      try (var routes = BrickRoutes.open(store, router, top)) {
        if (!routes.leftOut().isEmpty()) {
          console.err().println("perennial: " + routes.leftOut().size() + " of the bricks cannot be routed to by " + router
              + ", such as " + routes.leftOut().getFirst());
        }
        print(routes, given);
        var lines = new InputLines(console.in());
        for (List<String> batch = fromInput ? lines.next(BATCH) : List.<String>of();
            !batch.isEmpty();
            batch = lines.next(BATCH)) {
          print(routes, batch);
        }
      }
    }

    private void print(BrickRoutes routes, List<String> batch) {
      for (String text : batch) {
        List<BrickRoutes.Share> shares = routes.route(text, top);
        console.out().println(json ? Json.line(new Routed(text, router, shares)) : plain(text, shares));
      }
      if (console.out().checkError()) {
        throw new FailureException("standard output was closed before all was routed: let its reader read on");
      }
    }

    private static String plain(String text, List<BrickRoutes.Share> shares) {
      var line = new StringBuilder();
      for (BrickRoutes.Share share : shares) {
        line.append(share.brick()).append('\t').append(String.format(Locale.ROOT, "%.3f", share.weight())).append('\t');
      }
      return line.append(text.replaceAll("\\s+", " ")).toString();
    }
  }

  /** {@code bricks teach}. */
  @Command(
      name = "teach",
      header = "Give examples of what a brick of the library is for.",
      description = {"", "They are added to those before; bricks route --router prototypes goes by them."},
      footer = {
          "  ./perennial bricks teach --store clinc banking \"how much is 20 euros in yen\"",
          "  ./perennial bricks teach --store clinc --class transfer banking - < transfers.txt"})
  static final class Teach implements Runnable {

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

    Teach(Console console) {
      this.console = console;
    }

    @Override
    public void run() {
      var examples = new ArrayList<String>();
      if (texts.equals(List.of("-"))) {
        var lines = new InputLines(console.in());
        for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
          examples.addAll(batch);
        }
      } else {
        examples.addAll(words(texts));
      }
      if (examples.isEmpty()) {
        throw new UsageException("expected examples for the brick " + name + ", got none: give it some texts");
      }
      BrickRoutes.teach(store, name, label, examples);
      console.out().println("brick " + name + " has " + examples.size() + " more example"
          + (examples.size() == 1 ? "" : "s"));
    }
  }

  /** {@code bricks gate}. */
  @Command(
      name = "gate",
      header = "Learn the gates of a brick of the library, for bricks route --router phatgoose.",
      description = {
          "",
          "Reads lines of standard input: a class that the brick's head knows, a tab, and a text. The brick stays as it is."},
      footer = "  ./perennial bricks gate --store clinc banking < banking.tsv")
  static final class Gate implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
    private Path store = Path.of("");

    @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it.")
    private String name = "";

    private final Console console;

    Gate(Console console) {
      this.console = console;
    }

    @Override
    public void run() {
      var labels = new ArrayList<String>();
      var examples = new ArrayList<String>();
      var lines = new InputLines(console.in());
      for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
        for (String line : batch) {
          int tab = line.indexOf('\t');
          if (tab < 0 || line.substring(tab).isBlank()) {
            throw new UsageException("expected a class, a tab and a text in every line of standard input, got " + line);
          }
          labels.add(line.substring(0, tab));
          examples.add(line.substring(tab + 1));
        }
      }
      if (examples.isEmpty()) {
        throw new UsageException("expected lines of a class, a tab and a text on standard input, got none");
      }
      BrickRoutes.learnGates(store, name, examples, labels);
      console.out().println("brick " + name + " has gates learned from " + examples.size() + " examples");
    }
  }
}
