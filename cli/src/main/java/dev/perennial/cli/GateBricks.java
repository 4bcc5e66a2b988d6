package dev.perennial.cli;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.engine.GateLearning;
import dev.perennial.engine.LearnedRouter;
import dev.perennial.engine.LibraryLearning;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

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
final class GateBricks implements Runnable {

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

  GateBricks(Console console) {
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
    LabelledLines.requireSteps(steps == null ? 1 : steps);
    List<Example> examples = LabelledLines.all(console.in());
    int count = steps == null ? one ? GateLearning.STEPS : LearnedRouter.STEPS : steps;
    try (Meter meter = Meter.of(console, "gates", count)) {
      if (one) {
        LibraryLearning.learnGates(store, name, examples, count, meter::at);
      } else {
        LearnedRouter.Kind kind = Arrays.stream(LearnedRouter.Kind.values())
            .filter(candidate -> candidate.id().equals(router)).findFirst().orElseThrow();
        LibraryLearning.learnRouter(store, kind, examples, count, meter::at);
      }
    }
    console.out().println((one ? "brick " + name + " has gates" : "the library has a router " + router)
        + " learned from " + examples.size() + " examples");
  }
}
