package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.engine.BrickRoutes;
import dev.perennial.engine.GateLearning;
import dev.perennial.engine.LearnedRouter;
import dev.perennial.engine.LibraryLearning;
import dev.perennial.engine.SkillLearning;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
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
          "  analytic    looks at the same by ridge regression: slower to teach, and finds more",
          "  phatgoose   looks at gates that were learned for each brick by bricks gate NAME",
          "  top-p       looks at gates that were learned for all bricks by bricks gate --router top-p",
          "  recurrent   the same by bricks gate --router recurrent: a layer hears what those before it chose",
          "  task        takes the brick that --task names"},
      footer = {
          "  ./perennial bricks route --store clinc \"how much is 20 euros in yen\"",
          "  ./perennial bricks route --store clinc --router analytic --classes \"how much is 20 euros in yen\"",
          "  ./perennial bricks route --store clinc --router prototypes --json - < texts.txt"})
  static final class Route implements Runnable {

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

    Route(Console console) {
      this.console = console;
    }

    /** What is printed as JSON. */
    private record Routed(String text, String router, @Nullable String label, List<BrickRoutes.Share> bricks) {}

    @Override
    public void run() {
      if (top < 1) {
        throw new UsageException("expected --top of at least 1, got " + top + ": say how many bricks to name");
      }
      boolean fromInput = texts.equals(List.of("-"));
      List<String> given = fromInput ? List.of() : words(texts);
      try (var routes = BrickRoutes.open(store, router, task, top)) {
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

  /** {@code bricks teach}. */
  @Command(
      name = "teach",
      header = "Give examples of what a brick of the library is for.",
      description = {"", "They are added to those before; bricks route --router prototypes, or analytic, goes by them."},
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
      shown(console, "examples", examples.size(),
          progress -> LibraryLearning.teach(store, name, label, examples, progress));
      console.out().println("brick " + name + " has " + examples.size() + " more example"
          + (examples.size() == 1 ? "" : "s"));
    }
  }

  /** Lines of a class, a tab and a text on standard input. */
  private static List<Example> labelled(Console console) {
    var examples = new ArrayList<Example>();
    var lines = new InputLines(console.in());
    for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
      for (String line : batch) {
        int tab = line.indexOf('\t');
        if (tab < 1 || line.substring(tab).isBlank()) {
          throw new UsageException("expected a class, a tab and a text in every line of standard input, got " + line);
        }
        examples.add(Example.of(line.substring(tab + 1), line.substring(0, tab)));
      }
    }
    if (examples.isEmpty()) {
      throw new UsageException("expected lines of a class, a tab and a text on standard input, got none");
    }
    return examples;
  }

  private static void requireSteps(int steps) {
    if (steps < 1 || steps > 100_000) {
      throw new UsageException("expected --steps between 1 and 100000, got " + steps);
    }
  }

  /** Does what takes steps, and shows how many are done. */
  private static void shown(Console console, String what, int steps, Consumer<IntConsumer> work) {
    try (Meter meter = Meter.of(console, what, steps)) {
      work.accept(meter::at);
    }
  }

  /** {@code bricks gate}. */
  @Command(
      name = "gate",
      header = "Learn gates for bricks of the library, for bricks route.",
      description = {
          "",
          "Reads lines of standard input: a class that the bricks' heads know, a tab, and a text. The bricks stay as they "
              + "are. With phatgoose the gates are those of one brick, named; with top-p and recurrent one router is "
              + "learned for all bricks that have linear heads."},
      footer = {
          "  ./perennial bricks gate --store clinc banking < banking.tsv",
          "  ./perennial bricks gate --store clinc --router top-p < all.tsv"})
  static final class Gate implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
    private Path store = Path.of("");

    @Option(
        names = "--router",
        paramLabel = "NAME",
        defaultValue = "phatgoose",
        description = "phatgoose, top-p or recurrent. Default: ${DEFAULT-VALUE}.")
    private String router = "";

    @Option(
        names = "--steps",
        paramLabel = "N",
        description = "Steps of 32 examples. Default: 100 for phatgoose, 300 for the others.")
    private @Nullable Integer steps;

    @Parameters(
        arity = "0..1", paramLabel = "NAME", description = "The brick, as bricks list names it, with phatgoose.")
    private String name = "";

    private final Console console;

    Gate(Console console) {
      this.console = console;
    }

    @Override
    public void run() {
      List<String> routers = new ArrayList<>(List.of("phatgoose"));
      Arrays.stream(LearnedRouter.Kind.values()).forEach(kind -> routers.add(kind.id()));
      if (!routers.contains(router)) {
        throw new UsageException("expected a router among " + String.join(", ", routers) + " to learn gates of, got "
            + router + Spelling.suggestion(router, routers));
      }
      boolean one = router.equals("phatgoose");
      if (one == name.isEmpty()) {
        throw new UsageException(one
            ? "expected the name of the brick whose gates are learned, got none: name one, as bricks list does"
            : "expected no name of a brick, as " + router + " is learned for all of them, got " + name);
      }
      requireSteps(steps == null ? 1 : steps);
      List<Example> examples = labelled(console);
      int count = steps == null ? one ? GateLearning.STEPS : LearnedRouter.STEPS : steps;
      shown(console, "gates", count, progress -> {
        if (one) {
          LibraryLearning.learnGates(store, name, examples, count, progress);
        } else {
          LearnedRouter.Kind kind = Arrays.stream(LearnedRouter.Kind.values())
              .filter(candidate -> candidate.id().equals(router)).findFirst().orElseThrow();
          LibraryLearning.learnRouter(store, kind, examples, count, progress);
        }
      });
      console.out().println((one ? "brick " + name + " has gates" : "the library has a router " + router)
          + " learned from " + examples.size() + " examples");
    }
  }

  /** {@code bricks adapt}. */
  @Command(
      name = "adapt",
      header = "Make the brick of a new task of bricks of the library, which are its skills.",
      description = {
          "",
          "Reads lines of standard input: a class, a tab, and a text. What comes is a LoRA brick with a linear head, which "
              + "is added to the library.",
          "",
          "  mhr-z   learns how much of each skill each slice of the features takes, and nothing else (default)",
          "  mhr     learns the skills too",
          "  poly    the same with one slice",
          "  mhr-mu  begins with the mean of the skills, and learns it as one brick"},
      footer = {
          "  ./perennial bricks adapt --store clinc --name travel < travel.tsv",
          "  ./perennial bricks adapt --store clinc --name travel --from banking,cards --by mhr-mu < travel.tsv"})
  static final class Adapt implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
    private Path store = Path.of("");

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "A name that is not taken.")
    private String name = "";

    @Option(
        names = "--from",
        paramLabel = "a,b",
        split = ",",
        description = "The bricks that are skills. Default: all of the library.")
    private List<String> from = new ArrayList<>();

    @Option(
        names = "--by",
        paramLabel = "WAY",
        defaultValue = "mhr-z",
        description = "mhr-z, mhr, poly or mhr-mu. Default: ${DEFAULT-VALUE}.")
    private String by = "";

    @Option(
        names = "--heads",
        paramLabel = "N",
        defaultValue = "4",
        description = "Slices of the features, with mhr and mhr-z. Default: ${DEFAULT-VALUE}.")
    private int heads;

    @Option(
        names = "--steps",
        paramLabel = "N",
        defaultValue = "200",
        description = "Steps of 32 examples. Default: ${DEFAULT-VALUE}.")
    private int steps;

    private final Console console;

    Adapt(Console console) {
      this.console = console;
    }

    @Override
    public void run() {
      List<String> ways = Arrays.stream(SkillLearning.Way.values()).map(SkillLearning.Way::id).toList();
      if (!ways.contains(by)) {
        throw new UsageException("expected one of " + String.join(", ", ways) + " for --by, got " + by
            + Spelling.suggestion(by, ways));
      }
      if (heads < 1) {
        throw new UsageException("expected --heads of at least 1, got " + heads);
      }
      requireSteps(steps);
      List<Example> examples = labelled(console);
      SkillLearning.Way way = SkillLearning.Way.values()[ways.indexOf(by)];
      shown(console, "skills", steps,
          progress -> LibraryLearning.adapt(store, name, from, way, heads, examples, steps, progress));
      console.out().println("brick " + name + " is in the library of " + store);
    }
  }
}
