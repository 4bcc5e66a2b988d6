package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.Site;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.tensor.Device;
import java.io.PrintWriter;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench kinds}: every kind of brick beside the others, with as many parameters. */
@Command(
    name = "kinds",
    abbreviateSynopsis = true,
    header = "Compare the kinds of brick: accuracy with at most so many parameters.",
    description = {
        "",
        "Each kind is laid out as large as fits --share of the weights of the backbone's sites, or --most numbers, and "
            + "trained with a linear head by the technique fine-tune; the head does not count. Of several --rates a kind "
            + "gets the one with which it does best on validation rows. The reason beside a kind says what holds it back "
            + "where that is known from its layout."},
    footer = {
        "  ./perennial bench kinds --data clinc.jsonl.gz --text text --label label --split split --tasks 1 --json kinds.json",
        "  ./perennial bench kinds --data wordnet --tasks 1 --max-per-class 50 --kinds lora,ia3,prefix \\",
        "      --rates 0.001,0.003,0.01 --seeds 3"})
public final class KindsBench implements Callable<Integer> {

  /** Of a class at most, to choose a rate by. */
  private static final int VALIDATION_ROWS = 60;

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--share", paramLabel = "P", defaultValue = "0.01",
      description = "Share of the sites' weights that a brick may have. Default: ${DEFAULT-VALUE}.")
  private double share;

  @Option(names = "--most", paramLabel = "N", description = "Numbers that a brick may have, in the place of a share.")
  private @Nullable Long most;

  @Option(names = "--kinds", split = ",", paramLabel = "NAME", description = "Kinds to compare. Default: all that fit.")
  private List<String> kinds = new ArrayList<>();

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "1",
      description = "Repetitions on the seeds from --seed on. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--epochs", paramLabel = "N", defaultValue = "3", description = "Passes. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(names = "--rates", split = ",", paramLabel = "R",
      description = "Learning rate of all kinds; of several, the best on validation rows. Default: one that suits a kind.")
  private List<Double> rates = new ArrayList<>();

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * What a kind gave.
   *
   * @param options its layout, as {@code --option} takes it
   * @param tuned of each rate that was tried, the accuracy on validation rows; none where there was no choice
   * @param accuracies on test rows, by seed
   * @param behind points behind the best kind
   * @param reason what holds it back; null for nothing that is known
   */
  record Figure(String kind, Map<String, String> options, long parameters, double rate, Map<Double, Double> tuned,
      List<Double> accuracies, double accuracy, double behind, @Nullable String reason) {

    Figure behind(double best) {
      return new Figure(kind, options, parameters, rate, tuned, accuracies, accuracy, 100 * (best - accuracy), reason);
    }
  }

  /** What is written as JSON. */
  record Figures(Machine machine, String data, long most, int epochs, List<Figure> kinds) {}

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or there is no such kind
   */
  @Override
  public Integer call() {
    if (!(share > 0 && share <= 1) || most != null && most < 1) {
      throw new UsageException("expected a --share above 0 to 1, or --most of 1 or more, got " + share + " and " + most);
    }
    Numbers.require("--seeds", seeds, 1, 100);
    Numbers.require("--epochs", epochs, 1, 1000);
    for (double rate : rates) {
      if (!(rate > 0 && rate <= 10)) {
        throw new UsageException("expected --rates above 0 to 10, got " + rate);
      }
    }
    output.check();
    RunSpec run = stream.run("fine-tune", Map.of("epochs", epochs + ""), new Budget(Map.of()));
    Dataset data = Datasets.read(run.data(), run.seed());
    @Nullable Dataset validation = rates.size() < 2
        ? null
        : Datasets.read(run.data().withMaxTestPerClass(VALIDATION_ROWS).onValidation(), run.seed());
    var sized = new ArrayList<KindSize>();
    long limit;
    try (Backbone backbone =
        Backbones.load(run.backbone().isEmpty() ? "minilm" : run.backbone(), new Device(run.device()))) {
      limit = most == null
          ? (long) (share * backbone.sites().stream().mapToLong(site -> (long) site.in() * site.out()).sum())
          : most;
      List<Site> sites = backbone.sites();
      for (String kind : kinds) {
        sized.add(KindSize.of(kind.strip(), limit, sites, backbone));
      }
      for (String kind : kinds.isEmpty() ? KindSize.KINDS : List.<String>of()) {
        KindSize.fitting(kind, limit, sites, backbone).ifPresentOrElse(sized::add, () -> spec.commandLine().getErr().println(
            kind + " is left out: its smallest layout has more than " + Numbers.whole(limit) + " parameters"));
      }
    }
    List<Figure> found = new ArrayList<>();
    for (KindSize size : sized) {
      found.add(measured(size, run, data, validation));
      double best = found.stream().mapToDouble(Figure::accuracy).max().orElse(0);
      found = new ArrayList<>(found.stream().map(figure -> figure.behind(best))
          .sorted(Comparator.comparingDouble(Figure::accuracy).reversed()).toList());
      output.write(new Figures(Machine.here(run.threads()), data.name(), limit, epochs, found));
    }
    print(found, limit);
    return 0;
  }

  private Figure measured(KindSize size, RunSpec run, Dataset data, @Nullable Dataset validation) {
    RunSpec spec = run;
    for (Map.Entry<String, String> option : size.options().entrySet()) {
      spec = spec.withOption(option.getKey(), option.getValue());
    }
    PrintWriter err = this.spec.commandLine().getErr();
    Map<Double, Double> tuned = validation == null ? Map.of() : tuned(size.kind(), spec, validation);
    double best = tuned.entrySet().stream().max(Map.Entry.comparingByValue()).map(Map.Entry::getKey)
        .orElse(rates.isEmpty() ? size.rate() : rates.getFirst());
    var accuracies = new ArrayList<Double>();
    for (int i = 0; i < seeds; i++) {
      accuracies.add(accuracy(spec.withOption("rate", best + "").withSeed(run.seed() + i), data));
    }
    double mean = accuracies.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    err.println(String.format(Locale.ROOT, "%s: %.2f %% with %,d parameters", size.kind(), 100 * mean, size.parameters()));
    err.flush();
    return new Figure(size.kind(), size.options(), size.parameters(), best, tuned, accuracies, mean, 0, size.reason());
  }

  /** Of each rate, the accuracy on validation rows. */
  private Map<Double, Double> tuned(String kind, RunSpec spec, Dataset validation) {
    PrintWriter err = this.spec.commandLine().getErr();
    var tuned = new TreeMap<Double, Double>();
    for (double rate : rates) {
      double accuracy = accuracy(spec.withOption("rate", rate + ""), validation);
      tuned.put(rate, accuracy);
      err.println(String.format(
          Locale.ROOT, "%s: %.2f %% on validation rows with a rate of %s", kind, 100 * accuracy, rate));
      err.flush();
    }
    return tuned;
  }

  private static double accuracy(RunSpec spec, Dataset data) {
    try (Run learning = Run.rehearse(spec, data, Clock.systemUTC(), RunListener.SILENT)) {
      return learning.execute().finalAccuracy();
    }
  }

  private void print(List<Figure> figures, long limit) {
    var table = new Table("kind", "accuracy", "behind", "parameters", "rate", "reason");
    for (Figure figure : figures) {
      table.row(figure.kind, Numbers.fine(100 * figure.accuracy), Numbers.fine(figure.behind),
          Numbers.whole(figure.parameters), figure.rate + "", figure.behind > 1 && figure.reason != null ? figure.reason : "");
    }
    PrintWriter out = spec.commandLine().getOut();
    out.println("At most " + Numbers.whole(limit) + " parameters, " + epochs + " epochs, accuracy in percent:");
    out.println(table.text());
  }
}
