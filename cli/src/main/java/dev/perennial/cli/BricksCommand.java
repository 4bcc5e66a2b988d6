package dev.perennial.cli;

import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickComparison;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Resource;
import dev.perennial.engine.StoreBricks;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code perennial bricks}: the bricks of a store, each a command of its own. */
@Command(
    name = "bricks",
    header = "List, show, compare, move, merge, route, shrink and edit the bricks of a store.",
    description = {
        "", "A store has the bricks that it has learned, and a library of others. Exported LoRA, DoRA, AdaLoRA, IA3, prompts"
            + " and prefixes are what Hugging Face PEFT loads; other kinds are one safetensors file."},
    footer = {
        "  ./perennial bricks list --store clinc",
        "  ./perennial bricks lineage --store clinc --report bricks.html",
        "  ./perennial bricks export --store clinc brick clinc-brick",
        "  ./perennial bricks import --store clinc --name theirs their-adapter",
        "  ./perennial bricks merge --store clinc --as both --method ties brick theirs"})
final class BricksCommand implements Runnable {

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private BricksCommand() {}

  /** The command with its own. */
  static CommandLine commandLine(Console console) {
    return new CommandLine(new BricksCommand())
        .addSubcommand(new ListBricks(console))
        .addSubcommand(new LineageBricks(console))
        .addSubcommand(new ShowBrick(console))
        .addSubcommand(new DiffBricks(console))
        .addSubcommand(new ExportBrick(console))
        .addSubcommand(new ImportBrick(console))
        .addSubcommand(MergeBricks.commandLine(console))
        .addSubcommand(new MixtureBricks(console))
        .addSubcommand(new TeachBrick(console))
        .addSubcommand(new GateBricks(console))
        .addSubcommand(new AdaptBricks(console))
        .addSubcommand(new RouteTexts(console))
        .addSubcommand(new ShrinkBrick(console))
        .addSubcommand(new PruneBrick(console))
        .addSubcommand(new RollbackBrick(console))
        .addSubcommand(new EditBrick(console))
        .addSubcommand(new AskBrick(console))
        .addSubcommand(new BrickAllocation(console));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** What all of them are asked. */
  private abstract static class OfStore implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
    Path store = Path.of("");

    final Console console;

    OfStore(Console console) {
      this.console = console;
    }
  }

  /** {@code bricks list}. */
  @Command(name = "list", header = "List the bricks of a store; reads no backbone.",
      footer = "  ./perennial bricks list --store clinc --json")
  private static final class ListBricks extends OfStore {

    @Option(names = "--json", description = "Print a JSON list.")
    private boolean json;

    private ListBricks(Console console) {
      super(console);
    }

    @Override
    public void run() {
      List<StoreBricks.Entry> entries = StoreBricks.list(store);
      if (json) {
        console.out().println(Json.pretty(entries));
        return;
      }
      var table = new Table("name", "kind", "parameters", "from", "technique", "experiences");
      for (StoreBricks.Entry brick : entries) {
        table.row(brick.name(), brick.kind(), Resource.PARAMETERS.format(brick.parameters()), brick.place(),
            brick.provenance().technique(), brick.provenance().learnedOn());
      }
      console.out().print(table.text());
      console.out().flush();
    }
  }

  /** {@code bricks show}. */
  @Command(name = "show", header = "Show a brick: kind, lineage and tensors.",
      footer = "  ./perennial bricks show --store clinc brick")
  private static final class ShowBrick extends OfStore {

    @Option(names = "--json", description = "Print a JSON object.")
    private boolean json;

    @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it.")
    private String name = "";

    private ShowBrick(Console console) {
      super(console);
    }

    /** What is shown. */
    private record View(String name, String kind, int rank, double alpha, double dropout, List<String> sites,
        long parameters, Provenance provenance, List<String> classes, Map<String, List<Long>> tensors) {}

    @Override
    public void run() {
      View view;
      try (StoreBricks bricks = StoreBricks.open(store)) {
        SavedBrick saved = bricks.read(name);
        Brick brick = saved.on(bricks.backbone());
        var tensors = new TreeMap<String, List<Long>>();
        saved.tensors().forEach((tensor, data) -> tensors.put(tensor, data.shape()));
        view = new View(name, saved.options().brick(), saved.options().lora().rank(), saved.options().lora().alpha(),
            saved.options().lora().dropout(), brick.sites().stream().map(site -> site.name()).toList(), brick.parameters(),
            saved.provenance(), saved.head().map(SavedBrick.Head::classes).orElse(List.of()), tensors);
      }
      if (json) {
        console.out().println(Json.pretty(view));
        return;
      }
      Provenance provenance = view.provenance;
      console.out().println("Brick      " + name + ", " + view.kind + ", "
          + Resource.PARAMETERS.format(view.parameters) + " parameters");
      console.out().println("Sites      " + (view.sites.isEmpty() ? "none: it acts on tokens" : view.sites.size()));
      console.out().println("Technique  " + provenance.technique() + ", seed " + provenance.seed() + ", version "
          + provenance.version());
      console.out().println("Stream     " + provenance.stream() + ", experiences " + provenance.learnedOn());
      console.out().println("Backbone   digest " + provenance.base());
      console.out().println("Parents    " + (provenance.parents().isEmpty() ? "none" : String.join(", ", provenance.parents())));
      String before = "Recipe     ";
      for (Map.Entry<String, String> number : provenance.recipe().entrySet()) {
        console.out().println(before + number.getKey() + " " + number.getValue());
        before = "           ";
      }
      console.out().println("Head       " + (view.classes.isEmpty() ? "none" : view.classes.size() + " classes: "
          + String.join(", ", view.classes)));
      console.out().println();
      var table = new Table("tensor", "shape");
      view.tensors.forEach(table::row);
      console.out().print(table.text());
      console.out().flush();
    }
  }

  /** {@code bricks diff}. */
  @Command(name = "diff", header = "Compare what two bricks do to the weights of their sites.",
      description = {"", "Compares the products of LoRA, not its matrices, so that unlike ranks and kinds can be compared."},
      footer = "  ./perennial bricks diff --store clinc brick theirs")
  private static final class DiffBricks extends OfStore {

    @Option(names = "--json", description = "Print a JSON list.")
    private boolean json;

    @Parameters(index = "0", paramLabel = "NAME", description = "A brick.")
    private String first = "";

    @Parameters(index = "1", paramLabel = "OTHER", description = "Another.")
    private String second = "";

    private DiffBricks(Console console) {
      super(console);
    }

    @Override
    public void run() {
      List<BrickComparison> rows;
      try (StoreBricks bricks = StoreBricks.open(store)) {
        rows = BrickComparison.of(bricks.read(first), bricks.read(second), bricks.backbone());
      }
      if (json) {
        console.out().println(Json.pretty(rows));
        return;
      }
      var table = new Table("site", "length of " + first, "length of " + second, "cosine", "difference");
      for (BrickComparison row : rows) {
        table.row(row.site(), number(row.first()), number(row.second()), number(row.cosine()), number(row.difference()));
      }
      console.out().print(table.text());
      console.out().flush();
    }

    private static String number(double value) {
      return String.format(Locale.ROOT, "%.4f", value);
    }
  }

  /** {@code bricks export}. */
  @Command(name = "export", header = "Write a brick into a new directory that other tools can read.",
      footer = "  ./perennial bricks export --store clinc brick clinc-brick")
  private static final class ExportBrick extends OfStore {

    @Parameters(index = "0", paramLabel = "NAME", description = "The brick, as bricks list names it.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "OUT_DIR", description = "A directory that is not there yet, or is empty.")
    private Path out = Path.of("");

    private ExportBrick(Console console) {
      super(console);
    }

    @Override
    public void run() {
      try (StoreBricks bricks = StoreBricks.open(store)) {
        bricks.exportTo(name, out);
      }
      console.out().println("brick " + name + " is in " + out);
    }
  }

  /** {@code bricks import}. */
  @Command(name = "import", header = "Add a brick from a directory to the library of a store.",
      footer = "  ./perennial bricks import --store clinc --name theirs their-adapter")
  private static final class ImportBrick extends OfStore {

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "A name that is not taken.")
    private String name = "";

    @Parameters(paramLabel = "IN_DIR", description = "What bricks export or PEFT's save_pretrained wrote.")
    private Path in = Path.of("");

    private ImportBrick(Console console) {
      super(console);
    }

    @Override
    public void run() {
      try (StoreBricks bricks = StoreBricks.open(store)) {
        bricks.importFrom(in, name);
      }
      console.out().println("brick " + name + " is in the library of " + store);
    }
  }
}
