package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import java.io.PrintWriter;
import java.time.Clock;
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

/** {@code perennial bench intrinsic}: the intrinsic dimension of a dataset on a backbone. */
@Command(
    name = "intrinsic",
    abbreviateSynopsis = true,
    header = "Measure the intrinsic dimension: in how few random directions weights must move.",
    description = {
        "",
        "All weights of the sites are tuned first, which gives the full accuracy. Then they move in random subspaces of "
            + "growing dimension d alone, beside a head that is trained as always. d90 is the smallest d that reaches 90 % "
            + "of the full accuracy (Measuring the Intrinsic Dimension of Objective Landscapes, arXiv 1804.08838; with "
            + "--sites any weights, Arbitrary Few Parameters are Good Enough, arXiv 2306.02320). As a head alone may reach "
            + "that on a good backbone, what d = 1 gives is shown too, and g90: the smallest d that recovers 90 % of what "
            + "full tuning gains over it."},
    footer = {
        "  ./perennial bench intrinsic --data clinc.jsonl.gz --text text --label label --split split --tasks 1",
        "  ./perennial bench intrinsic --data wordnet --tasks 1 --max-per-class 50 --dimensions 1,100,10000"})
public final class IntrinsicBench implements Callable<Integer> {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--dimensions", split = ",", paramLabel = "D", defaultValue = "1,10,30,100,300,1000,3000,10000",
      description = "Dimensions to try, growing. Default: ${DEFAULT-VALUE}.")
  private List<Integer> dimensions = new ArrayList<>();

  @Option(names = "--share", paramLabel = "P", defaultValue = "0.9",
      description = "Share of the full accuracy to reach. Default: ${DEFAULT-VALUE}.")
  private double share;

  @Option(names = "--sites", paramLabel = "EXPR", defaultValue = "query|key|value|dense",
      description = "Sites whose weights move, as a regular expression. Default: ${DEFAULT-VALUE}.")
  private String sites = "";

  @Option(names = "--epochs", paramLabel = "N", defaultValue = "3", description = "Passes. Default: ${DEFAULT-VALUE}.")
  private int epochs;

  @Option(names = "--full-rate", paramLabel = "R", defaultValue = "0.0003",
      description = "Learning rate of full tuning. Default: ${DEFAULT-VALUE}.")
  private double fullRate;

  @Option(names = "--rate", paramLabel = "R", defaultValue = "0.01",
      description = "Learning rate in subspaces. Default: ${DEFAULT-VALUE}.")
  private double rate;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /** The accuracy on test rows in a subspace. */
  record Point(int dimension, double accuracy) {}

  /**
   * What is written as JSON.
   *
   * @param d90 null where no dimension that was tried reaches it
   * @param g90 the same, of the gain over the first dimension
   */
  record Figures(Machine machine, String data, String sites, double share, double full, List<Point> points,
      @Nullable Integer d90, @Nullable Integer g90) {}

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range
   */
  @Override
  public Integer call() {
    if (dimensions.isEmpty() || !dimensions.stream().sorted().distinct().toList().equals(dimensions) || dimensions.getFirst() < 1) {
      throw new UsageException("expected --dimensions that grow from 1 or more, such as 1,10,100, got " + dimensions);
    }
    if (!(share > 0 && share <= 1)) {
      throw new UsageException("expected a --share above 0 to 1, got " + share);
    }
    Numbers.require("--epochs", epochs, 1, 1000);
    output.check();
    RunSpec run = stream.run("fine-tune", Map.of("sites", sites, "epochs", epochs + ""), new Budget(Map.of()));
    Dataset data = Datasets.read(run.data(), run.seed());
    double full = accuracy(run, data, "delta", fullRate, "full tuning");
    var points = new ArrayList<Point>();
    for (int dimension : dimensions) {
      points.add(new Point(dimension,
          accuracy(run, data, "subspace:dimension=" + dimension, rate, "dimension " + dimension)));
    }
    var figures = new Figures(Machine.here(run.threads()), data.name(), sites, share, full, points,
        reached(points, share * full), reached(points, least(points.getFirst().accuracy, full, share)));
    output.write(figures);
    print(figures);
    return 0;
  }

  /** What recovers a share of the gain of full tuning over what little gives. */
  static double least(double little, double full, double share) {
    return little + share * Math.max(0, full - little);
  }

  /** The first dimension whose accuracy is at least that; null where there is none. */
  static @Nullable Integer reached(List<Point> points, double accuracy) {
    return points.stream().filter(point -> point.accuracy >= accuracy).map(Point::dimension).findFirst().orElse(null);
  }

  private double accuracy(RunSpec run, Dataset data, String brick, double ownRate, String name) {
    RunSpec own = run.withOption("brick", brick).withOption("rate", ownRate + "");
    try (Run learning = Run.rehearse(own, data, Clock.systemUTC(), RunListener.SILENT)) {
      double accuracy = learning.execute().finalAccuracy();
      PrintWriter err = spec.commandLine().getErr();
      err.println(String.format(Locale.ROOT, "%s: %.1f %%", name, 100 * accuracy));
      err.flush();
      return accuracy;
    }
  }

  private void print(Figures figures) {
    PrintWriter out = spec.commandLine().getOut();
    var table = new Table("dimension", "accuracy", "of full");
    for (Point point : figures.points) {
      table.row(Numbers.whole(point.dimension), Numbers.fine(100 * point.accuracy), Numbers.fine(100 * point.accuracy / figures.full));
    }
    table.row("full", Numbers.fine(100 * figures.full), "100.00");
    out.println(table.text());
    String percent = String.format(Locale.ROOT, "%.0f", 100 * share);
    out.println("d" + percent + "  " + told(figures.d90) + " (of the accuracy)");
    out.println("g" + percent + "  " + told(figures.g90) + " (of the gain over dimension " + dimensions.getFirst() + ")");
  }

  private String told(@Nullable Integer dimension) {
    return dimension == null ? "above " + Numbers.whole(dimensions.getLast()) : Numbers.whole(dimension);
  }
}
