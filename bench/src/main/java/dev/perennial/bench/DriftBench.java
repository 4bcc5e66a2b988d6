package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.server.drift.Adwin;
import dev.perennial.server.drift.Detector;
import dev.perennial.server.drift.EmbeddingDistance;
import dev.perennial.server.drift.PageHinkley;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench drift}: how soon detectors find changes, and how often they find one where there is none. */
@Command(
    name = "drift",
    header = "Measure drift detectors: false alarms, and how long a change goes unnoticed.",
    description = {
        "",
        "Streams of errors with a rate of 0.1 that rises to another one, and streams of embeddings of --width numbers whose "
            + "mean moves by a share of their spread. The change comes after --before observations; as many follow. An "
            + "alarm before it is false; the delay is the median over --seeds streams of the observations from the "
            + "change to the first alarm after it."},
    footer = {"  ./perennial bench drift --seeds 100"})
public final class DriftBench implements Callable<Integer> {

  private static final List<Double> RATES = List.of(0.1, 0.12, 0.15, 0.2, 0.3, 0.5);
  private static final List<Double> MOVES = List.of(0.0, 0.1, 0.2, 0.3, 0.5, 1.0);

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "50", description = "Streams. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--before", paramLabel = "N", defaultValue = "2000",
      description = "Observations before the change. Default: ${DEFAULT-VALUE}.")
  private int before;

  @Option(names = "--width", paramLabel = "N", defaultValue = "64",
      description = "Numbers of an embedding. Default: ${DEFAULT-VALUE}.")
  private int width;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * A detector at a change.
   *
   * @param change the new rate of errors, or how far the mean moves in root mean square distances from it
   * @param falseAlarms in 10,000 observations before it
   * @param found share of the streams in which it was found
   * @param delay median; null where it was found in none
   */
  record Line(String detector, double change, double falseAlarms, double found, @Nullable Integer delay) {}

  /** What is written as JSON. */
  record Figures(int seeds, int before, int width, List<Line> lines) {}

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range
   */
  @Override
  public Integer call() {
    Numbers.require("--seeds", seeds, 1, 100_000);
    Numbers.require("--before", before, 1, 10_000_000);
    Numbers.require("--width", width, 1, 65_536);
    output.check();
    var progress = new Progress(spec.commandLine().getErr(), System::nanoTime, "drift");
    var lines = new ArrayList<Line>();
    for (double rate : RATES) {
      progress.say("errors that rise to " + rate);
      IntFunction<IntFunction<Double>> errors = seed -> place ->
          CounterRandom.of(seed, 95).uniform(place) < (place < before ? RATES.getFirst() : rate) ? 1.0 : 0;
      lines.add(line("ADWIN", rate, () -> new Adwin(Adwin.Options.DEFAULT), errors));
      lines.add(line("Page-Hinkley", rate, () -> new PageHinkley(PageHinkley.Options.DEFAULT), errors));
    }
    for (double move : MOVES) {
      progress.say("embeddings that move by " + move);
      lines.add(line("embedding distance", move, () -> new EmbeddingDistance(EmbeddingDistance.Options.DEFAULT, 1),
          seed -> place -> embedding(seed, place, place < before ? 0 : move)));
    }
    var figures = new Figures(seeds, before, width, lines);
    output.write(figures);
    var table = new Table("detector", "change", "false alarms in 10,000", "found", "delay");
    for (Line line : lines) {
      table.row(line.detector, Numbers.fine(line.change), String.format(Locale.ROOT, "%.2f", line.falseAlarms),
          String.format(Locale.ROOT, "%.0f %%", 100 * line.found), line.delay == null ? "-" : Numbers.whole(line.delay));
    }
    spec.commandLine().getOut().println(table.text());
    return 0;
  }

  /** Normal numbers whose spread falls off from the first to the last, moved in all directions alike. */
  private float[] embedding(int seed, int place, double moved) {
    var random = CounterRandom.of(seed, 96, place);
    float[] numbers = new float[width];
    double squares = 0;
    for (int c = 0; c < width; c++) {
      double spread = 1 / Math.sqrt(c + 1.0);
      squares += spread * spread;
      numbers[c] = (float) (spread * random.gaussian(c));
    }
    float each = (float) (moved * Math.sqrt(squares / width));
    for (int c = 0; c < width; c++) {
      numbers[c] += each;
    }
    return numbers;
  }

  private <T> Line line(
      String name, double change, Supplier<Detector<T>> detector, IntFunction<IntFunction<T>> streams) {
    long falseAlarms = 0;
    var delays = new ArrayList<Integer>();
    for (int seed = 0; seed < seeds; seed++) {
      Detector<T> own = detector.get();
      IntFunction<T> stream = streams.apply(seed);
      int found = -1;
      for (int place = 0; place < 2 * before && found < 0; place++) {
        if (own.observe(stream.apply(place)).drifted()) {
          if (place < before) {
            falseAlarms++;
          } else {
            found = place - before;
          }
        }
      }
      if (found >= 0) {
        delays.add(found);
      }
    }
    int[] sorted = delays.stream().mapToInt(Integer::intValue).sorted().toArray();
    return new Line(name, change, 1e4 * falseAlarms / ((double) seeds * before), (double) sorted.length / seeds,
        sorted.length == 0 ? null : Integer.valueOf(sorted[sorted.length / 2]));
  }
}
