package dev.perennial.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/**
 * What an encoder made smaller is worth.
 *
 * @param machine what it was measured on
 * @param backbone the encoder
 * @param learned rows that a head was fitted on
 * @param tested rows that accuracy is of
 * @param seeds how many
 * @param rows of the table, the encoder at full precision first
 */
record ShrinkFigures(Machine machine, String backbone, int learned, int tested, int seeds, List<Entry> rows) {

  /** Copies the list. */
  ShrinkFigures {
    rows = List.copyOf(rows);
  }

  /** One measurement of one seed. */
  record Run(String name, double bits, double megabytes, double distance, double kept, double anew) {}

  /**
   * The mean over seeds.
   *
   * @param name what was done
   * @param bits a weight of those that were made smaller
   * @param megabytes of all weights, of 10^6 bytes
   * @param distance mean squared distance of unit features on the calibration texts
   * @param kept accuracy with the head that was fitted at full precision
   * @param keptRatio of that to the accuracy at full precision
   * @param keptSpread sample standard deviation of {@code kept} over seeds
   * @param anew accuracy with a head that was fitted on these features
   * @param anewRatio of that to the accuracy at full precision
   * @param anewSpread sample standard deviation of {@code anew} over seeds
   */
  record Entry(String name, double bits, double megabytes, double distance, double kept, double keptRatio,
      double keptSpread, double anew, double anewRatio, double anewSpread) {}

  static ShrinkFigures of(
      Machine machine, String backbone, int learned, int tested, int seeds, List<List<Run>> bySeed) {
    var rows = new ArrayList<Entry>();
    for (int row = 0; row < bySeed.getFirst().size(); row++) {
      int place = row;
      List<Run> runs = bySeed.stream().map(seed -> seed.get(place)).toList();
      List<Run> full = bySeed.stream().map(List::getFirst).toList();
      rows.add(new Entry(runs.getFirst().name, mean(runs, Run::bits), mean(runs, Run::megabytes), mean(runs, Run::distance),
          mean(runs, Run::kept), mean(runs, Run::kept) / mean(full, Run::kept), spread(runs, Run::kept),
          mean(runs, Run::anew), mean(runs, Run::anew) / mean(full, Run::anew), spread(runs, Run::anew)));
    }
    return new ShrinkFigures(machine, backbone, learned, tested, seeds, rows);
  }

  private static double mean(List<Run> runs, ToDoubleFunction<Run> of) {
    return runs.stream().mapToDouble(of).average().orElse(0);
  }

  private static double spread(List<Run> runs, ToDoubleFunction<Run> of) {
    double mean = mean(runs, of);
    double squares = runs.stream().mapToDouble(run -> (of.applyAsDouble(run) - mean) * (of.applyAsDouble(run) - mean)).sum();
    return runs.size() < 2 ? 0 : Math.sqrt(squares / (runs.size() - 1));
  }

  /** For people. */
  String text() {
    var table = new Table("", "bits", "MB", "distance", "head kept %", "/ full", "head anew %", "/ full");
    for (Entry row : rows) {
      table.row(row.name, Numbers.fine(row.bits), String.format(Locale.ROOT, "%.1f", row.megabytes),
          String.format(Locale.ROOT, "%.4f", row.distance), percent(row.kept, row.keptSpread), ratio(row.keptRatio),
          percent(row.anew, row.anewSpread), ratio(row.anewRatio));
    }
    return String.join(System.lineSeparator(),
        "shrink: " + backbone + ", " + Numbers.whole(learned) + " rows to learn, " + Numbers.whole(tested) + " to test on, "
            + seeds + (seeds == 1 ? " seed" : " seeds"),
        machine.line(), "", table.text());
  }

  private String percent(double value, double spread) {
    String mean = String.format(Locale.ROOT, "%.1f", 100 * value);
    return seeds == 1 ? mean : mean + String.format(Locale.ROOT, " ± %.1f", 100 * spread);
  }

  private static String ratio(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }
}
