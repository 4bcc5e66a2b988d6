package dev.perennial.cli;

import dev.perennial.KeyValues;
import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.edit.Edit;
import dev.perennial.edit.Editor;
import dev.perennial.edit.Eraser;
import dev.perennial.edit.EraserOptions;
import dev.perennial.edit.SliceRepair;
import dev.perennial.edit.SliceRepairOptions;
import dev.perennial.edit.UltraEditOptions;
import dev.perennial.engine.StoreBricks;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks edit}: changes what a brick says of some texts, as a new brick. */
@Command(
    name = "edit",
    header = "Change what a brick says of some texts; the brick itself stays, the edited one is new.",
    description = {
        "",
        "The brick must have a head, as those have that a store has learned. --edits is a table (JSONL, CSV, Parquet) of "
            + "texts and the labels that they must get; labels are classes of the brick. Methods:",
        "  ultraedit  closed-form edits without training, any number, one after another (arXiv 2505.14679). Edit the "
            + "result again to add more.",
        "  irepair    trains the most sensitive blocks alone, chosen anew at each step (arXiv 2502.07072); the result "
            + "is a difference of whole weights. The rows of --keep are held to what they were.",
        "  erase      a brick of one dimension that makes the texts of --edits mean nothing in particular (arXiv "
            + "2312.16145); needs --keep, texts of all else. It acts with the brick that it was made for.",
        "With --keep the labels of those rows are compared before and after."},
    footer = {
        "  ./perennial bricks edit --store clinc brick --edits fixes.jsonl --as fixed",
        "  ./perennial bricks edit --store clinc brick --edits fixes.jsonl --keep mail.jsonl --method irepair --as repaired",
        "  ./perennial bricks ask --store clinc fixed \"what is my balance\""})
final class EditBrick implements Runnable {

  /** How to edit. */
  enum Method {
    ULTRAEDIT,
    IREPAIR,
    ERASE
  }

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--edits", required = true, paramLabel = "FILE", description = "Texts and the labels they must get.")
  private Path edits = Path.of("");

  @Option(names = "--as", required = true, paramLabel = "NEW", description = "A name that is not taken.")
  private String name = "";

  @Option(names = "--keep", paramLabel = "FILE", description = "Texts and labels that should stay as they are.")
  private @Nullable Path keep;

  @Option(names = "--method", paramLabel = "NAME", defaultValue = "ultraedit",
      description = "ultraedit, irepair or erase. Default: ${DEFAULT-VALUE}.")
  private String method = "";

  @Option(names = "--option", arity = "1..*", paramLabel = "k=v", description = "An option of the method. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(names = "--text", paramLabel = "COL", defaultValue = "text", description = "Column of the text. Default: ${DEFAULT-VALUE}.")
  private String text = "";

  @Option(names = "--label", paramLabel = "COL", defaultValue = "label", description = "Column of the label. Default: ${DEFAULT-VALUE}.")
  private String label = "";

  @Option(names = "--json", paramLabel = "OUT", description = "Write the figures to this file.")
  private @Nullable Path json;

  @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it.")
  private String brick = "";

  private final Console console;

  EditBrick(Console console) {
    this.console = console;
  }

  /**
   * What came of it.
   *
   * @param efficacy share of the edits that hold, for erase of the texts that lost their label
   * @param before share of the rows to keep that have their label; null where there are none
   * @param after the same, with the edits
   */
  private record Figures(String brick, String method, int edits, double efficacyBefore, double efficacy,
      @Nullable Double before, @Nullable Double after) {}

  @Override
  public void run() {
    Method chosen = method();
    List<Edit> asked = EditFile.read("--edits", edits, text, label);
    List<Edit> kept = keep == null ? List.of() : EditFile.read("--keep", keep, text, label);
    var outputs = new Outputs(json, null);
    outputs.check();
    Figures figures;
    try (StoreBricks bricks = StoreBricks.open(store);
        var workers = new Workers(Runtime.getRuntime().availableProcessors())) {
      bricks.requireNew(name);
      SavedBrick saved = bricks.read(brick);
      figures = switch (chosen) {
        case ULTRAEDIT -> ultraEdit(bricks, workers, saved, asked, kept);
        case IREPAIR -> repair(bricks, workers, saved, asked, kept);
        case ERASE -> erase(bricks, saved, asked, kept);
      };
    }
    outputs.write(Json.pretty(figures));
    console.out().printf(Locale.ROOT, "%d edits: %.1f %% hold, %.1f %% did before%n", figures.edits,
        100 * figures.efficacy, 100 * figures.efficacyBefore);
    if (figures.before != null && figures.after != null) {
      console.out().printf(Locale.ROOT, "%d texts to keep: %.1f %% have their label, %.1f %% had before%n", kept.size(),
          100 * figures.after, 100 * figures.before);
    }
    console.out().println("brick " + name + " is in the library of " + store);
  }

  private Method method() {
    for (Method known : Method.values()) {
      if (known.name().equalsIgnoreCase(method)) {
        return known;
      }
    }
    throw new UsageException("expected --method ultraedit, irepair or erase, got " + method);
  }

  private <O extends Record> O options(O defaults, String what) {
    return Options.of(defaults, KeyValues.of("--option", options), what);
  }

  private Figures ultraEdit(StoreBricks bricks, Workers workers, SavedBrick saved, List<Edit> asked, List<Edit> kept) {
    UltraEditOptions how = options(UltraEditOptions.DEFAULT, "ultraedit");
    try (var editor = Editor.of(saved, bricks::read, bricks.backbone(), workers, how);
        Meter meter = meter(asked.size())) {
      double heldBefore = share(asked, editor::predict, false);
      Double before = kept.isEmpty() ? null : share(kept, editor::predict, false);
      editor.edit(asked, meter::at);
      bricks.add(name, editor.saved(saved.provenance().madeBy("ultraedit", brick)));
      return new Figures(name, "ultraedit", asked.size(), heldBefore, share(asked, editor::predict, false), before,
          kept.isEmpty() ? null : share(kept, editor::predict, false));
    }
  }

  private Figures repair(StoreBricks bricks, Workers workers, SavedBrick saved, List<Edit> asked, List<Edit> kept) {
    SliceRepairOptions how = options(SliceRepairOptions.DEFAULT, "irepair");
    SavedBrick repaired;
    try (Meter meter = meter(how.steps())) {
      repaired = new SliceRepair(saved, bricks.backbone(), how)
          .repair(asked, kept.stream().map(Edit::text).toList(), meter::at);
    }
    repaired = repaired.withProvenance(saved.provenance().madeBy("irepair", brick));
    bricks.add(name, repaired);
    try (var old = Editor.of(saved, bricks::read, bricks.backbone(), workers, UltraEditOptions.DEFAULT);
        var now = Editor.of(repaired, bricks::read, bricks.backbone(), workers, UltraEditOptions.DEFAULT)) {
      return new Figures(name, "irepair", asked.size(), share(asked, old::predict, false),
          share(asked, now::predict, false), kept.isEmpty() ? null : share(kept, old::predict, false),
          kept.isEmpty() ? null : share(kept, now::predict, false));
    }
  }

  private Figures erase(StoreBricks bricks, SavedBrick saved, List<Edit> asked, List<Edit> kept) {
    EraserOptions how = options(EraserOptions.DEFAULT, "erase");
    SavedBrick.Head head = saved.head().orElseThrow(() -> new UsageException(
        "expected a brick with a head to erase from, got " + brick + ", which has none"));
    try (var eraser = new Eraser(saved, bricks.backbone(), how); Meter meter = meter(how.steps())) {
      SavedBrick erasing = eraser.erase(asked.stream().map(Edit::text).toList(), kept.stream().map(Edit::text).toList(),
          saved.provenance().madeBy("erase", brick), meter::at);
      bricks.add(name, erasing);
      Function<List<String>, List<String>> old = texts -> eraser.predict(texts, List.of(), head);
      Function<List<String>, List<String>> now = texts -> eraser.predict(texts, List.of(erasing), head);
      return new Figures(name, "erase", asked.size(), share(asked, old, true), share(asked, now, true),
          share(kept, old, false), share(kept, now, false));
    }
  }

  private Meter meter(long steps) {
    return console.width() > 0
        ? new BarMeter(console, "editing", 0, steps)
        : new LineMeter(console, "editing", 0, steps);
  }

  /** The share of rows that get their label, or that do not where {@code lost}. */
  private static double share(List<Edit> rows, Function<List<String>, List<String>> predictor, boolean lost) {
    List<String> predicted = predictor.apply(rows.stream().map(Edit::text).toList());
    int count = 0;
    for (int i = 0; i < rows.size(); i++) {
      count += predicted.get(i).equals(rows.get(i).label()) != lost ? 1 : 0;
    }
    return (double) count / rows.size();
  }
}
