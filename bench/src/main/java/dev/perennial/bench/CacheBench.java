package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.bench.CacheTrial.Outcome;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.RunSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench cache}: how often a semantic cache has an answer, and how often it is the wrong one. */
@Command(
    name = "cache",
    abbreviateSynopsis = true,
    header = "Measure a semantic cache: hits, and wrong answers among them, by threshold.",
    description = {
        "",
        "A frozen backbone under an analytic head learns the rows to learn; the test rows are asked for in two streams. "
            + "zipf: --asked texts, the one of rank r with a probability in proportion to 1/r^S. paraphrase: every text "
            + "once, in random order, so that each hit is the answer to another text. A hit is false where the model "
            + "itself says another class of the text; accuracy is against the true labels, with the cache and without. "
            + "With a --task column each task is a category of its own, and the last line of each stream gives each "
            + "category the lowest threshold with at most --false-hits among the hits of the validation rows."},
    footer = {
        "  ./perennial bench cache --data clinc.jsonl.gz --text text --label label --split split --task domain \\",
        "      --drop-label out_of_scope --tasks 1"})
public final class CacheBench implements Callable<Integer> {

  private static final List<Double> GRID =
      List.of(0.70, 0.72, 0.74, 0.76, 0.78, 0.80, 0.82, 0.84, 0.86, 0.88, 0.90, 0.92, 0.94, 0.96, 0.98);

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--thresholds", split = ",", paramLabel = "T", defaultValue = "0.80,0.85,0.90,0.92,0.95,0.98",
      description = "Similarities from which on an answer is shared. Default: ${DEFAULT-VALUE}.")
  private List<Double> thresholds = new ArrayList<>();

  @Option(names = "--asked", paramLabel = "N", defaultValue = "20000",
      description = "Texts asked for in the stream zipf. Default: ${DEFAULT-VALUE}.")
  private int asked;

  @Option(names = "--exponent", paramLabel = "S", defaultValue = "1",
      description = "How uneven the stream zipf is. Default: ${DEFAULT-VALUE}.")
  private double exponent;

  @Option(names = "--quota", paramLabel = "N", defaultValue = "10000",
      description = "Texts of a category that are kept. Default: ${DEFAULT-VALUE}.")
  private int quota;

  @Option(names = "--false-hits", paramLabel = "P", defaultValue = "0.01",
      description = "Share of false hits to choose each category's threshold by. Default: ${DEFAULT-VALUE}.")
  private double falseHits;

  @Option(names = "--features", paramLabel = "N", defaultValue = "4096",
      description = "Random features of the head. Default: ${DEFAULT-VALUE}.")
  private int features;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /** One stream at one policy. */
  record Line(String stream, String policy, Outcome outcome) {}

  /** What is written as JSON. */
  record Figures(Machine machine, String data, long seed, int texts, int quota, double exponent, double modelAccuracy,
      Map<String, Double> chosen, List<Line> lines) {}

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range
   */
  @Override
  public Integer call() {
    Numbers.require("--asked", asked, 1, 10_000_000);
    Numbers.require("--quota", quota, 1, 10_000_000);
    if (thresholds.isEmpty() || thresholds.stream().anyMatch(one -> !(one > 0 && one <= 1))) {
      throw new UsageException("expected --thresholds above 0, up to 1, such as 0.8,0.9, got " + thresholds);
    }
    if (!(exponent >= 0 && exponent <= 5)) {
      throw new UsageException("expected an --exponent of 0 to 5, got " + exponent);
    }
    if (!(falseHits >= 0 && falseHits < 1)) {
      throw new UsageException("expected a share of --false-hits of 0 or more and below 1, got " + falseHits);
    }
    output.check();
    RunSpec run = stream.run("g-acil", Map.of(), new Budget(Map.of()));
    Dataset data = Datasets.read(run.data(), run.seed());
    var progress = new Progress(spec.commandLine().getErr(), System::nanoTime, "cache");
    var rows = new ArrayList<Example>(data.test());
    rows.addAll(data.validation());
    FrozenAnswers answers = FrozenAnswers.of(run, data, rows, features, progress);
    var trial = trial(answers, 0, data.test().size(), run.seed());
    var lines = new ArrayList<Line>();
    Map<String, Double> chosen = data.validation().isEmpty() || run.data().task() == null ? Map.of()
        : trial(answers, data.test().size(), rows.size(), run.seed()).chosen(GRID, falseHits);
    for (String name : List.of("zipf", "paraphrase")) {
      List<Integer> order = name.equals("zipf") ? trial.zipf(asked, exponent) : trial.once();
      for (double threshold : thresholds) {
        progress.say(name + " at " + threshold);
        lines.add(new Line(name, String.format(Locale.ROOT, "%.2f", threshold), trial.run(order, Map.of(), threshold)));
      }
      if (!chosen.isEmpty()) {
        progress.say(name + " by category");
        lines.add(new Line(name, "by category", trial.run(order, chosen, 1)));
      }
    }
    var figures = new Figures(Machine.here(run.threads()), data.name(), run.seed(), data.test().size(), quota, exponent,
        trial.accuracy(), chosen, lines);
    output.write(figures);
    print(figures);
    return 0;
  }

  private CacheTrial trial(FrozenAnswers answers, int from, int to, long seed) {
    return new CacheTrial(answers.classes(), answers.rows().subList(from, to), quota, seed);
  }

  private void print(Figures figures) {
    var table = new Table("stream, threshold", "texts", "same text", "near text", "all hits", "false of near",
        "false of all", "accuracy", "without");
    for (Line line : figures.lines) {
      Outcome o = line.outcome;
      table.row(line.stream + ", " + line.policy, Numbers.whole(o.texts()), percent(o.exact(), o.texts()),
          percent(o.near(), o.texts()), percent(o.exact() + o.near(), o.texts()), percent(o.falseHits(), o.near()),
          percent(o.falseHits(), o.texts()), percent(o.right(), o.texts()), percent(o.rightWithout(), o.texts()));
    }
    var out = spec.commandLine().getOut();
    out.println("cache: " + figures.data + ", " + Numbers.whole(figures.texts)
        + " texts to ask for, of which the model knows "
        + String.format(Locale.ROOT, "%.1f %%", 100 * figures.modelAccuracy) + "; seed " + figures.seed);
    out.println();
    out.println(table.text());
    if (!figures.chosen.isEmpty()) {
      out.println();
      out.println("by category: " + figures.chosen);
    }
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "-" : String.format(Locale.ROOT, "%.2f %%", 100.0 * part / whole);
  }
}
