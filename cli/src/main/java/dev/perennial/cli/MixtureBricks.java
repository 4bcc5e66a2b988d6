package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.engine.MeasuredRows;
import dev.perennial.engine.StoreBricks;
import dev.perennial.merge.Mixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks mixtures}: which mixture of data to learn, told by averages of bricks of its partitions. */
@Command(
    name = "mixtures",
    header = "Rank mixtures of data by averages of bricks that were learned on its partitions.",
    description = {
        "",
        "Learn one brick on each partition of the data, with its head. The average of bricks and heads by the shares of a"
            + " mixture then stands for a brick that is learned on the mixture: its loss on the validation rows of the"
            + " store's data ranks the mixtures without learning on any of them (Scalable Data Ablation Approximations,"
            + " arXiv 2410.15661). The loss is the mean of -ln of the probability of a row's class.",
        "Where a head does not know a class, it counts there as one that has learned nothing of it."},
    footer = {
        "  ./perennial bricks mixtures --store clinc brick theirs",
        "  ./perennial bricks mixtures --store clinc --steps 4 --json mixtures.json mails chats calls",
        "  ./perennial bricks mixtures --store clinc --mixture mails=0.7,chats=0.3 --mixture mails=1 mails chats"})
final class MixtureBricks implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where they are kept.")
  private Path store = Path.of("");

  @Option(names = "--steps", paramLabel = "N", defaultValue = "10",
      description = "Score all mixtures whose shares are multiples of 1/N. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(names = "--mixture", paramLabel = "NAME=SHARE,...",
      description = "Score this mixture, and no others but those named so; shares are divided by their sum. Can be repeated.")
  private List<String> given = new ArrayList<>();

  @Option(names = "--rows", paramLabel = "ROWS", defaultValue = "20",
      description = "Validation rows of a class at most. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(names = "--top", paramLabel = "N", defaultValue = "10",
      description = "Mixtures that are printed. Default: ${DEFAULT-VALUE}.")
  private int top;

  @Option(names = "--json", paramLabel = "OUT", description = "Write all of them to this file.")
  private @Nullable Path json;

  @Parameters(arity = "1..*", paramLabel = "NAME...", description = "Bricks, as bricks list names them, each of a partition.")
  private List<String> names = new ArrayList<>();

  private final Console console;

  MixtureBricks(Console console) {
    this.console = console;
  }

  /** What is written as JSON. */
  private record Ranking(List<String> bricks, int rows, List<Mixtures.Scored> mixtures) {}

  @Override
  public void run() {
    if (rows < 1 || top < 1) {
      throw new UsageException("expected --rows and --top of at least 1, got " + rows + " and " + top);
    }
    if (names.stream().distinct().count() < names.size()) {
      throw new UsageException("expected each brick once, got " + String.join(" ", names));
    }
    List<List<Double>> mixtures =
        given.isEmpty() ? Mixtures.grid(names.size(), steps) : given.stream().map(this::shares).toList();
    Ranking ranking;
    try (StoreBricks bricks = StoreBricks.open(store)) {
      SequencedMap<String, SavedBrick> partitions = new LinkedHashMap<>();
      names.forEach(name -> partitions.put(name, withHead(name, bricks.read(name))));
      MeasuredRows validation = bricks.validation(partitions, rows);
      try (Meter meter = Meter.Maker.on(console).meter("scoring mixtures", 0, mixtures.size())) {
        ranking = new Ranking(List.copyOf(names), validation.size(), Mixtures.rank(partitions, mixtures, bricks.backbone(),
            brick -> validation.score(brick, brick.head().orElseThrow()).loss(),
            (number, of, score, best) -> meter.at(number)));
      }
    }
    write(ranking);
    print(ranking);
  }

  private static SavedBrick withHead(String name, SavedBrick brick) {
    if (brick.head().isEmpty()) {
      throw new UsageException("expected bricks with the heads that were learned with them, got " + name
          + " without one: choose bricks that were learned, or exported with their heads");
    }
    return brick;
  }

  private List<Double> shares(String text) {
    Map<String, String> told = KeyValues.of("--mixture", List.of(text.split(",", -1)));
    double[] shares = new double[names.size()];
    double sum = 0;
    for (Map.Entry<String, String> share : told.entrySet()) {
      int place = names.indexOf(share.getKey());
      if (place < 0) {
        throw new UsageException("expected the bricks " + String.join(", ", names) + " in --mixture, got " + share.getKey());
      }
      shares[place] = number(share.getKey(), share.getValue());
      sum += shares[place];
    }
    var all = new ArrayList<Double>();
    for (double share : shares) {
      all.add(share / sum);
    }
    return all;
  }

  private static double number(String name, String text) {
    try {
      double share = Double.parseDouble(text);
      if (share > 0 && share < 1e9) {
        return share;
      }
    } catch (NumberFormatException e) {
      throw new UsageException("expected a number above 0 for " + name + " in --mixture, got " + text, e);
    }
    throw new UsageException("expected a number above 0 for " + name + " in --mixture, got " + text);
  }

  private void write(Ranking ranking) {
    if (json == null) {
      return;
    }
    try {
      Files.writeString(json, Json.pretty(ranking) + "\n");
    } catch (IOException e) {
      throw new FailureException(
          "could not write the mixtures to " + json + " (" + e.getMessage() + "): check permissions and space", e);
    }
  }

  private void print(Ranking ranking) {
    var head = new ArrayList<>(List.of("rank"));
    head.addAll(names);
    head.add("loss");
    var table = new Table(head.toArray(String[]::new));
    int rank = 0;
    for (Mixtures.Scored mixture : ranking.mixtures.subList(0, Math.min(top, ranking.mixtures.size()))) {
      var cells = new ArrayList<Object>(List.of(++rank));
      mixture.shares().forEach(share -> cells.add(String.format(Locale.ROOT, "%.3f", share)));
      cells.add(String.format(Locale.ROOT, "%.4f", mixture.loss()));
      table.row(cells.toArray());
    }
    console.out().println(ranking.mixtures.size() + " mixtures by their loss on " + ranking.rows + " validation rows");
    console.out().print(table.text());
    console.out().flush();
  }
}
