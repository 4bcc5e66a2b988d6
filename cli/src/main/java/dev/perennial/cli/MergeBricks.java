package dev.perennial.cli;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Resource;
import dev.perennial.engine.ParentTasks;
import dev.perennial.engine.StoreBricks;
import dev.perennial.merge.DataFlowSearch;
import dev.perennial.merge.MergeOptions;
import dev.perennial.merge.Merged;
import dev.perennial.merge.Merger;
import dev.perennial.merge.Recipe;
import dev.perennial.merge.RecipeSearch;
import dev.perennial.merge.RecipeValue;
import dev.perennial.merge.SearchListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks merge}: one brick of several. */
@Command(
    name = "merge",
    header = "Make one brick of several, by a recipe, in the library of a store.",
    description = {
        "",
        "What bricks add to the weights of their sites is merged, for LoRA the products B A with their scales, so that"
            + " unlike ranks, alphas and kinds go together. The backbone and the bricks that are merged stay as they are."
            + " A recipe is a YAML file in mergekit's shape: merge_method, base_model, models with model and parameters,"
            + " and parameters of all. The numbers that the brick was merged by are kept with it: bricks show prints them."},
    footer = {
        "  ./perennial bricks merge --store clinc --as both recipe.yaml",
        "  ./perennial bricks merge --store clinc --as both --method ties --parameter density=0.5 brick theirs",
        "  ./perennial bricks merge --store clinc --as small --method concatenate --rank 8 brick theirs",
        "  ./perennial bricks merge --store clinc --as best --method dare_ties --search 100 brick theirs",
        "  ./perennial bricks merge --store clinc --as flow --flow --search 100 brick theirs"})
final class MergeBricks implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--as", required = true, paramLabel = "NAME", description = "A name that is not taken.")
  private String name = "";

  @Option(names = "--method", paramLabel = "METHOD", description = "Merge the bricks named by this method, with no recipe.")
  private @Nullable String method;

  @Option(names = "--parameter", paramLabel = "NAME=NUMBER", description = "A number of the method, such as density=0.5.")
  private List<String> parameters = new ArrayList<>();

  @Option(names = "--rank", paramLabel = "RANK", defaultValue = "0",
      description = "Cut the result to LoRA of this rank. Default: LoRA of the exact rank where that is at most the sum of"
          + " the ranks that are merged, and else a full difference of weights.")
  private int rank;

  @Option(names = "--full", description = "Write a full difference of weights.")
  private boolean full;

  @Option(names = "--seed", paramLabel = "SEED", defaultValue = "0",
      description = "Decides what DARE drops. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--search", paramLabel = "TRIALS", defaultValue = "0",
      description = "Try so many recipes, and keep the one by which the merged brick does the tasks of its parents best, with"
          + " their heads, on the validation rows of the store's data. The first is the one given; the others have numbers"
          + " of an evolutionary search. Default: no search.")
  private int search;

  @Option(names = "--flow",
      description = "Search which of the bricks named act in which blocks of the backbone, and how strongly. Takes --search"
          + " and no method.")
  private boolean flow;

  @Option(names = "--rows", paramLabel = "ROWS", defaultValue = "20",
      description = "Validation rows of a class at most that a search measures by. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Parameters(arity = "1..*", paramLabel = "RECIPE.yaml|NAME...",
      description = "A recipe; or, with --method, the bricks, as bricks list names them.")
  private List<String> words = new ArrayList<>();

  private final Console console;

  MergeBricks(Console console) {
    this.console = console;
  }

  /** The command, whose help tells the methods. */
  static CommandLine commandLine(Console console) {
    var line = new CommandLine(new MergeBricks(console));
    var help = new ArrayList<>(List.of(line.getCommandSpec().usageMessage().description()));
    help.add("");
    help.add("Methods, and the numbers that each takes:");
    for (String method : Recipe.methods()) {
      List<String> numbers = Recipe.numbers(method);
      help.add(String.format(Locale.ROOT, "  %-17s %s", method, numbers.isEmpty() ? "none" : String.join(", ", numbers)));
    }
    line.getCommandSpec().usageMessage().description(help.toArray(String[]::new));
    return line;
  }

  @Override
  public void run() {
    if (search < 0 || rows < 1) {
      throw new UsageException("expected --search of at least 1 trial and --rows of at least 1, got " + search + " and "
          + rows);
    }
    Recipe recipe = recipe();
    var options = new MergeOptions(rank, full, seed);
    Merged merged;
    try (StoreBricks bricks = StoreBricks.open(store)) {
      var parents = new LinkedHashMap<String, SavedBrick>();
      recipe.bricks(bricks.backbone().name()).forEach(parent -> parents.put(parent, bricks.read(parent)));
      merged = search == 0
          ? Merger.merge(recipe, parents, bricks.backbone(), options)
          : searched(recipe, parents, bricks, options);
      bricks.add(name, merged.brick());
    }
    SavedBrick brick = merged.brick();
    long numbers = brick.tensors().values().stream()
        .mapToLong(tensor -> tensor.shape().stream().reduce(1L, Math::multiplyExact)).sum();
    boolean lora = brick.options().brick().startsWith("lora");
    console.out().println("brick " + name + ", " + recipe.method() + " of "
        + String.join(", ", brick.provenance().parents()) + ", is in the library of " + store + ": "
        + (lora ? "LoRA of rank " + brick.options().lora().rank() : "a full difference") + ", "
        + Resource.PARAMETERS.format(numbers) + " parameters"
        + (rank > 0 ? String.format(Locale.ROOT, ", %.1f %% of the change's length cut off", 100 * merged.lost()) : ""));
  }

  private Merged searched(
      Recipe recipe, Map<String, SavedBrick> parents, StoreBricks bricks, MergeOptions options) {
    ParentTasks tasks = bricks.tasks(parents, rows);
    RecipeSearch.Trial best;
    try (Meter meter = Meter.Maker.on(console).meter("searching recipes", 0, search)) {
      SearchListener listener = (number, of, score, highest) -> meter.at(number);
      best = flow
          ? DataFlowSearch.best(words, parents, bricks.backbone(), options, search, tasks::score, listener)
          : RecipeSearch.best(recipe, parents, bricks.backbone(), options, search, tasks::score, listener);
    }
    console.err().println(String.format(Locale.ROOT, "perennial: best of %d recipes: mean accuracy %.4f on validation rows, "
        + "%.4f with each task's own brick; %s", search, best.score(), tasks.single(), numbers(best.recipe())));
    Merged merged = best.merged();
    Provenance provenance = merged.brick().provenance();
    var numbers = new TreeMap<>(provenance.recipe());
    numbers.put("validation accuracy", String.format(Locale.ROOT, "%.4f", best.score()));
    return new Merged(merged.brick().withProvenance(provenance.withRecipe(numbers)), merged.lost());
  }

  /** The numbers of a recipe, in one line. */
  private static String numbers(Recipe recipe) {
    var lines = new ArrayList<String>();
    recipe.models().forEach(model -> lines.add(model.name() + " " + texts(model.parameters())));
    lines.add("all " + texts(recipe.parameters()));
    return String.join(", ", lines);
  }

  private static Map<String, String> texts(Map<String, RecipeValue> parameters) {
    var texts = new LinkedHashMap<String, String>();
    parameters.forEach((parameter, value) -> texts.put(parameter, String.join(" ",
        value.numbers().stream().map(number -> String.format(Locale.ROOT, "%.4g", number)).toList())));
    return texts;
  }

  private Recipe recipe() {
    if (flow) {
      if (search == 0 || method != null || !parameters.isEmpty()) {
        throw new UsageException("expected --search TRIALS and bricks with --flow, and neither --method nor --parameter, got "
            + (search == 0 ? "no --search" : "others") + ": write --flow --search 100 and the names of bricks");
      }
      return new Recipe("concatenate", null, words.stream().map(Recipe.Model::new).toList(), new LinkedHashMap<>());
    }
    if (method == null) {
      if (words.size() != 1 || !parameters.isEmpty()) {
        throw new UsageException("expected one recipe, or --method METHOD and bricks, got " + String.join(" ", words)
            + (parameters.isEmpty() ? "" : " and --parameter") + ": write a recipe, or name a method among "
            + String.join(", ", Recipe.methods()));
      }
      return RecipeFile.read(Path.of(words.getFirst()));
    }
    var shared = new LinkedHashMap<String, RecipeValue>();
    KeyValues.of("--parameter", parameters).forEach(
        (parameter, text) -> shared.put(parameter, new RecipeValue.Scalar(number(parameter, text))));
    return new Recipe(method, null, words.stream().map(Recipe.Model::new).toList(), shared);
  }

  private static double number(String parameter, String text) {
    if (text.equals("true") || text.equals("false")) {
      return text.equals("true") ? 1 : 0;
    }
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new UsageException("expected a number for --parameter " + parameter + ", got " + text, e);
    }
  }
}
