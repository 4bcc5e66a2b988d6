package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.engine.BrickRoutes;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
        "  analytic    looks at the same by ridge regression: slower to teach, and finds more",
        "  phatgoose   looks at gates that were learned for each brick by bricks gate NAME",
        "  top-p       looks at gates that were learned for all bricks by bricks gate --router top-p",
        "  recurrent   the same by bricks gate --router recurrent: a layer hears what those before it chose",
        "  task        takes the brick that --task names"},
    footer = {
        "  ./perennial bricks route --store clinc \"how much is 20 euros in yen\"",
        "  ./perennial bricks route --store clinc --router analytic --classes \"how much is 20 euros in yen\"",
        "  ./perennial bricks route --store clinc --router prototypes --json - < texts.txt"})
final class RouteTexts implements Runnable {

  private static final int BATCH = 256;

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(
      names = "--router",
      paramLabel = "NAME",
      defaultValue = "arrow",
      description = "arrow, prototypes, analytic, phatgoose, top-p, recurrent or task. Default: ${DEFAULT-VALUE}.")
  private String router = "";

  @Option(
      names = "--task",
      paramLabel = "NAME",
      defaultValue = "",
      description = "With --router task: the brick of the task that all texts are of.")
  private String task = "";

  @Option(
      names = "--classes",
      description = "Name the class of each text too: what the head of its heaviest brick says, or with top-p and "
          + "recurrent the heads of all bricks together. It stands first in the line.")
  private boolean classes;

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

  RouteTexts(Console console) {
    this.console = console;
  }

  /** What is printed as JSON. */
  private record Routed(String text, String router, @Nullable String label, List<BrickRoutes.Share> bricks) {}

  @Override
  public void run() {
    if (top < 1) {
      throw new UsageException("expected --top of at least 1, got " + top + ": say how many bricks to name");
    }
    var lines = InputLines.of(texts, console.in());
    try (var routes = BrickRoutes.open(store, router, task, top)) {
      if (!routes.leftOut().isEmpty()) {
        console.err().println("perennial: " + routes.leftOut().size() + " of the bricks cannot be routed to by " + router
            + ", such as " + routes.leftOut().getFirst());
      }
      for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
        print(routes, batch);
      }
    }
  }

  private void print(BrickRoutes routes, List<String> batch) {
    for (String text : batch) {
      List<BrickRoutes.Share> shares = routes.route(text, top);
      String label = classes ? routes.classOf(text) : null;
      console.out().println(json
          ? Json.line(new Routed(text, router, label, shares))
          : (label == null ? "" : label + '\t') + plain(text, shares));
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
