package dev.perennial.bench;

import dev.perennial.KeyValues;
import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.bench.FrozenAnswers.Answered;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.RunSpec;
import dev.perennial.server.drift.Adwin;
import dev.perennial.server.drift.EmbeddingDistance;
import dev.perennial.server.drift.PageHinkley;
import dev.perennial.server.recall.ErrorMemory;
import dev.perennial.server.recall.RecallOptions;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench recall}: what an error memory saves when labels change and the model is not updated yet. */
@Command(
    name = "recall",
    abbreviateSynopsis = true,
    header = "Measure an error memory: accuracy after labels change, before the model is updated.",
    description = {
        "",
        "A frozen backbone under an analytic head learns the rows to learn, and then nothing more. The test rows come in "
            + "random order; each is predicted, and then its label is told to the error memory. Half way, --moved of the "
            + "classes change their labels among each other, all at once. Accuracy is that of predictions made before "
            + "the label was known, with the memory and without. Detectors watch along: ADWIN and Page-Hinkley the "
            + "model's errors, the embedding distance the texts, which do not change."},
    footer = {
        "  ./perennial bench recall --data clinc.jsonl.gz --text text --label label --split split \\",
        "      --drop-label out_of_scope --tasks 1"})
public final class RecallBench implements Callable<Integer> {

  private static final int PARTS = 5;

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--moved", paramLabel = "P", defaultValue = "0.3",
      description = "Share of the classes whose labels change. Default: ${DEFAULT-VALUE}.")
  private double moved;

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "3",
      description = "Orders and changes to measure, from --seed on. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--features", paramLabel = "N", defaultValue = "4096",
      description = "Random features of the head. Default: ${DEFAULT-VALUE}.")
  private int features;

  @Option(names = "--on", paramLabel = "PART", defaultValue = "test",
      description = "Rows that come: test, or validation to choose options by. Default: ${DEFAULT-VALUE}.")
  private String on = "";

  @Option(names = "--recall-option", arity = "1..*", paramLabel = "k=v", description = "An option of the memory: capacity, "
      + "keeping, neighbours, bandwidth, doubt, strength, halfLife, tables, bits. Can be repeated.")
  private List<String> recallOptions = new ArrayList<>();

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * A part of the stream.
   *
   * @param name of the part
   * @param rows in it
   * @param model accuracy of the model alone
   * @param corrected with the memory
   * @param exact with a memory that looks at every error
   */
  record Part(String name, int rows, double model, double corrected, double exact) {}

  /** Rows from the change of the labels to a detector's alarm; null for none. */
  record Alarms(@Nullable Integer adwin, @Nullable Integer pageHinkley, int falseAlarms, int embeddingAlarms) {}

  /** One order of the rows. */
  record Trial(long seed, List<Part> parts, Alarms alarms) {}

  /** What is written as JSON. */
  record Figures(
      Machine machine, String data, double moved, RecallOptions options, List<Trial> trials, List<Part> mean) {}

  /** Right answers in a part of the stream. */
  private static final class Tally {
    private int rows;
    private int model;
    private int corrected;
    private int exact;

    private Part part(String name) {
      return new Part(name, rows, share(model), share(corrected), share(exact));
    }

    private double share(int right) {
      return rows == 0 ? 0 : (double) right / rows;
    }
  }

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range
   */
  @Override
  public Integer call() {
    if (!(moved > 0 && moved <= 1)) {
      throw new UsageException("expected a share of --moved classes above 0, up to 1, got " + moved);
    }
    Numbers.require("--seeds", seeds, 1, 1000);
    if (!List.of("test", "validation").contains(on)) {
      throw new UsageException("expected --on test or validation, got " + on);
    }
    RecallOptions options = Options.of(
        RecallOptions.DEFAULT, KeyValues.of("--recall-option", recallOptions), "the error memory");
    output.check();
    RunSpec run = stream.run("g-acil", Map.of(), new Budget(Map.of()));
    Dataset data = Datasets.read(run.data(), run.seed());
    var progress = new Progress(spec.commandLine().getErr(), System::nanoTime, "recall");
    FrozenAnswers answers =
        FrozenAnswers.of(run, data, on.equals("test") ? data.test() : data.validation(), features, progress);
    var trials = new ArrayList<Trial>();
    for (int i = 0; i < seeds; i++) {
      progress.say("order " + (i + 1) + " of " + seeds);
      trials.add(trial(answers, options, run.seed() + i));
    }
    var figures = new Figures(Machine.here(run.threads()), data.name(), moved, options, trials, mean(trials));
    output.write(figures);
    print(figures);
    return 0;
  }

  Trial trial(FrozenAnswers answers, RecallOptions options, long seed) {
    List<Answered> rows = answers.rows();
    int[] labels = changed(answers.classes().size(), seed);
    int[] order = CounterRandom.of(seed, 93).permutation(rows.size());
    int width = rows.getFirst().embedding().length;
    var memory = new ErrorMemory(options, width, seed);
    var exact = new ErrorMemory(options.exact(), width, seed);
    var watch = new Watch(seed);
    int change = order.length / 2;
    var tallies = new ArrayList<Tally>();
    for (int part = 0; part <= PARTS; part++) {
      tallies.add(new Tally());
    }
    for (int i = 0; i < order.length; i++) {
      Answered row = rows.get(order[i]);
      int before = answers.classes().indexOf(row.row().label());
      int label = i < change ? before : labels[before];
      int part = i < change ? 0 : 1 + (int) ((long) (i - change) * PARTS / (order.length - change));
      Tally tally = tallies.get(part);
      tally.rows++;
      tally.model += row.best() == label ? 1 : 0;
      tally.corrected += best(memory.correct(row.embedding(), row.probabilities())) == label ? 1 : 0;
      tally.exact += best(exact.correct(row.embedding(), row.probabilities())) == label ? 1 : 0;
      memory.store(row.embedding(), label, row.probabilities());
      exact.store(row.embedding(), label, row.probabilities());
      watch.observe(i - change, row.best() != label, row.embedding());
    }
    var parts = new ArrayList<Part>();
    var after = new Tally();
    for (int part = 0; part <= PARTS; part++) {
      Tally tally = tallies.get(part);
      parts.add(tally.part(part == 0 ? "before" : "after, part " + part + " of " + PARTS));
      if (part > 0) {
        after.rows += tally.rows;
        after.model += tally.model;
        after.corrected += tally.corrected;
        after.exact += tally.exact;
      }
    }
    parts.add(after.part("after"));
    return new Trial(seed, parts, watch.alarms());
  }

  /** Detectors beside the stream. */
  private static final class Watch {
    private final Adwin adwin = new Adwin(Adwin.Options.DEFAULT);
    private final PageHinkley pageHinkley = new PageHinkley(PageHinkley.Options.DEFAULT);
    private final EmbeddingDistance texts;
    private @Nullable Integer byAdwin;
    private @Nullable Integer byPageHinkley;
    private int falseAlarms;
    private int embeddingAlarms;

    private Watch(long seed) {
      texts = new EmbeddingDistance(EmbeddingDistance.Options.DEFAULT, seed);
    }

    private void observe(int since, boolean wrong, float[] embedding) {
      double error = wrong ? 1 : 0;
      boolean first = adwin.observe(error).drifted();
      boolean second = pageHinkley.observe(error).drifted();
      falseAlarms += since < 0 ? (first ? 1 : 0) + (second ? 1 : 0) : 0;
      byAdwin = since >= 0 && first && byAdwin == null ? Integer.valueOf(since) : byAdwin;
      byPageHinkley = since >= 0 && second && byPageHinkley == null ? Integer.valueOf(since) : byPageHinkley;
      embeddingAlarms += texts.observe(embedding).drifted() ? 1 : 0;
    }

    private Alarms alarms() {
      return new Alarms(byAdwin, byPageHinkley, falseAlarms, embeddingAlarms);
    }
  }

  /** The new label of each class: some of them, drawn at random, each get that of the next one. */
  private int[] changed(int classes, long seed) {
    int[] drawn = CounterRandom.of(seed, 94).permutation(classes);
    int[] labels = new int[classes];
    for (int c = 0; c < classes; c++) {
      labels[c] = c;
    }
    int count = Math.clamp(Math.round(moved * classes), Math.min(2, classes), classes);
    for (int i = 0; i < count; i++) {
      labels[drawn[i]] = drawn[(i + 1) % count];
    }
    return labels;
  }

  private static int best(float[] probabilities) {
    int best = 0;
    for (int c = 1; c < probabilities.length; c++) {
      best = probabilities[c] > probabilities[best] ? c : best;
    }
    return best;
  }

  private static List<Part> mean(List<Trial> trials) {
    var mean = new ArrayList<Part>();
    for (int part = 0; part < trials.getFirst().parts.size(); part++) {
      double[] sums = new double[3];
      Part first = trials.getFirst().parts.get(part);
      for (Trial trial : trials) {
        sums[0] += trial.parts.get(part).model / trials.size();
        sums[1] += trial.parts.get(part).corrected / trials.size();
        sums[2] += trial.parts.get(part).exact / trials.size();
      }
      mean.add(new Part(first.name, first.rows, sums[0], sums[1], sums[2]));
    }
    return mean;
  }

  private void print(Figures figures) {
    var table = new Table("stream", "rows", "model", "with memory", "exact memory", "gain");
    for (Part part : figures.mean) {
      table.row(part.name, Numbers.whole(part.rows), percent(part.model), percent(part.corrected), percent(part.exact),
          String.format(Locale.ROOT, "%+.1f", 100 * (part.corrected - part.model)));
    }
    var out = spec.commandLine().getOut();
    out.println("recall: " + figures.data + ", labels of " + percent(figures.moved) + " of the classes change half way, "
        + figures.trials.size() + " orders, " + figures.options);
    out.println();
    out.println(table.text());
    out.println();
    for (Trial trial : figures.trials) {
      out.println("seed " + trial.seed + ": rows to the alarm " + told(trial.alarms.adwin) + " of ADWIN, "
          + told(trial.alarms.pageHinkley) + " of Page-Hinkley; false alarms " + trial.alarms.falseAlarms
          + "; alarms of the embedding distance " + trial.alarms.embeddingAlarms);
    }
  }

  private static String told(@Nullable Integer rows) {
    return rows == null ? "none" : rows + "";
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
