package dev.perennial.bench;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.ParentTasks;
import dev.perennial.engine.RunSpec;
import dev.perennial.engine.StoreBricks;
import dev.perennial.merge.DataFlowSearch;
import dev.perennial.merge.MergeOptions;
import dev.perennial.merge.Merger;
import dev.perennial.merge.Recipe;
import dev.perennial.merge.RecipeSearch;
import dev.perennial.merge.RecipeValue;
import dev.perennial.stream.Stream;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Workers;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench merge}: one brick of several that were learned apart, by every method. */
@Command(
    name = "merge",
    abbreviateSynopsis = true,
    header = "Learn bricks apart, one for each task, merge them by every method, and compare with the single bricks.",
    description = {
        "",
        "Each task's brick is learned by fine-tune on its rows alone, with a head of its own and another seed. All are "
            + "merged by each method, and by searches for the weights of bricks and for the blocks that they act in. The "
            + "numbers of the methods are chosen on validation rows. What counts is the mean accuracy over the tasks on "
            + "test rows, each with its own head: of the merged brick, as a share of that of the single bricks.",
        "With --store DIR the bricks of seed S are kept in the library of the store DIR/seed-S, for ./perennial bricks "
            + "merge."},
    footer = {
        "  ./perennial bench merge --data clinc.jsonl --text text --label label --split split --tasks 5 --json OUT",
        "  ./perennial bench merge --data wordnet --tasks 5 --max-per-class 100 --option rank=4 --store merging"})
public final class MergeBench implements Callable<Integer> {

  private static final int MOST_SEEDS = 100;

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--option", arity = "1..*", paramLabel = "k=v",
      description = "An option of fine-tune, such as epochs=5 or brick=dora. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "3",
      description = "Orders of classes, each with bricks of its own, from --seed on. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--tune-rows", paramLabel = "N", defaultValue = "2",
      description = "Validation rows of a class at most by which numbers are chosen. Default: ${DEFAULT-VALUE}.")
  private int tuneRows;

  @Option(names = "--test-rows", paramLabel = "N", defaultValue = "0",
      description = "Test rows of a class at most; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int testRows;

  @Option(names = "--search", paramLabel = "TRIALS", defaultValue = "60",
      description = "Recipes that each search tries; 0 for no search. Default: ${DEFAULT-VALUE}.")
  private int trials;

  @Option(names = "--store", paramLabel = "DIR", description = "Keep the bricks, one store for each seed.")
  private @Nullable Path store;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is missing or wrong, or there are no validation rows
   * @throws dev.perennial.FailureException if the data cannot be read, or nothing can be written
   */
  @Override
  public Integer call() {
    Numbers.require("--seeds", seeds, 1, MOST_SEEDS);
    Numbers.require("--tune-rows", tuneRows, 1, 1_000_000);
    Numbers.require("--test-rows", testRows, 0, 1_000_000);
    Numbers.require("--search", trials, 0, 1_000_000);
    output.check();
    RunSpec run = stream.run("fine-tune", KeyValues.of("--option", options), Budget.UNLIMITED);
    var measured = new ArrayList<MergeFigures.Seed>();
    String data = "";
    try (var workers = new Workers(run.threads());
        Backbone backbone =
            Backbones.load(run.backbone().isEmpty() ? "minilm" : run.backbone(), new Device(run.device()))) {
      for (int i = 0; i < seeds; i++) {
        RunSpec seeded = run.withSeed(run.seed() + i);
        Dataset dataset = Datasets.read(seeded.data(), seeded.seed());
        data = dataset.name();
        measured.add(measured(seeded, dataset, backbone, workers));
      }
    }
    var figures = new MergeFigures(Machine.here(run.threads()), data, run.tasks(), run.options(),
        run.data().maxPerClass(), tuneRows, testRows, trials, measured);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private MergeFigures.Seed measured(RunSpec run, Dataset dataset, Backbone backbone, Workers workers) {
    if (dataset.validation().isEmpty()) {
      throw new UsageException(dataset.name() + ": expected validation rows to choose numbers by, got none: mark some in"
          + " the column that --split names");
    }
    Stream learned = Streams.of(dataset, run.scenario(), run.tasks(), run.seed());
    Path place = store == null ? null : store.resolve("seed-" + run.seed());
    if (place != null && Files.exists(place)) {
      throw new UsageException("expected no store of seed " + run.seed() + " in " + store + " yet, there is " + place
          + ": name another directory with --store");
    }
    SequencedMap<String, SavedBrick> bricks =
        TaskBricks.learn(run, learned, backbone, workers, line -> say(run, line));
    if (place != null) {
      try (StoreBricks kept = StoreBricks.create(place, run, dataset, learned, backbone)) {
        bricks.forEach(kept::add);
      }
    }
    return merged(run, bricks, new ParentTasks(bricks, few(dataset.validation(), tuneRows), backbone, workers),
        new ParentTasks(bricks, few(dataset.test(), testRows), backbone, workers), backbone);
  }

  private MergeFigures.Seed merged(RunSpec run, SequencedMap<String, SavedBrick> bricks, ParentTasks validation,
      ParentTasks test, Backbone backbone) {
    List<String> names = List.copyOf(bricks.keySet());
    var quick = new MergeOptions(0, true, run.seed());
    double single = test.single();
    double bare = test.score(Merger.merge(weighted(names, 0), bricks, backbone, quick).brick());
    var mergers = new ArrayList<MergeFigures.Merger>();
    for (String method : Recipe.methods()) {
      if (Recipe.merges(method, names.size())) {
        MergeGrid.Choice choice = MergeGrid.of(method, names,
            recipe -> validation.score(Merger.merge(recipe, bricks, backbone, quick).brick()));
        double found = test.score(Merger.merge(choice.recipe(), bricks, backbone, quick).brick());
        String numbers = choice.numbers().entrySet().stream()
            .map(number -> number.getKey() + " " + number.getValue()).collect(Collectors.joining(", "));
        mergers.add(new MergeFigures.Merger(method, numbers, choice.usual(), choice.score(), found, found / single));
        say(run, mergers.getLast());
      }
    }
    if (trials > 0) {
      Recipe mean = weighted(names, 1.0 / names.size());
      double usual = validation.score(Merger.merge(mean, bricks, backbone, quick).brick());
      List<RecipeSearch.Trial> found = List.of(
          RecipeSearch.best(mean, bricks, backbone, quick, trials, validation::score,
              (number, of, score, best) -> progress(run, "search of weights", number, of, best)),
          DataFlowSearch.best(names, bricks, backbone, quick, trials, validation::score,
              (number, of, score, best) -> progress(run, "search of data flow", number, of, best)));
      for (int i = 0; i < 2; i++) {
        RecipeSearch.Trial trial = found.get(i);
        double accuracy = test.score(trial.merged().brick());
        mergers.add(new MergeFigures.Merger(i == 0 ? "search of weights" : "search of data flow", "", usual,
            trial.score(), accuracy, accuracy / single));
        say(run, mergers.getLast());
      }
    }
    return new MergeFigures.Seed(run.seed(), single, bare, mergers);
  }

  /** The sum of all bricks by one weight. */
  private static Recipe weighted(List<String> names, double weight) {
    var parameters = new LinkedHashMap<String, RecipeValue>();
    parameters.put("weight", new RecipeValue.Scalar(weight));
    return new Recipe("task_arithmetic", null, names.stream().map(Recipe.Model::new).toList(), parameters);
  }

  /** The first rows of each class; all for 0. */
  private static List<Example> few(List<Example> rows, int perClass) {
    var counts = new HashMap<String, Integer>();
    return perClass == 0
        ? rows
        : rows.stream().filter(row -> counts.merge(row.label(), 1, Integer::sum) <= perClass).toList();
  }

  private void progress(RunSpec run, String search, int number, int of, double best) {
    if (number % 10 == 0) {
      say(run, String.format(Locale.ROOT, "%s: %d of %d recipes, best %.1f %% of validation rows", search, number, of,
          100 * best));
    }
  }

  private void say(RunSpec run, MergeFigures.Merger merger) {
    say(run, String.format(Locale.ROOT, "%s: %.1f %% of test rows, %.3f of the single bricks'", merger.name(),
        100 * merger.accuracy(), merger.share()));
  }

  private void say(RunSpec run, String line) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("seed " + run.seed() + ", " + line);
    err.flush();
  }
}
