package dev.perennial.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a learner knows of what it does not know.
 *
 * @param machine what it was measured on
 * @param data files
 * @param technique that learned
 * @param outside the label of rows of no class
 * @param keep share of rows of known classes that was to be kept
 * @param validation whether the validation rows judged
 * @param trials one a seed
 */
record OpenFigures(Machine machine, List<String> data, String technique, String outside, double keep,
    boolean validation, List<Trial> trials) {

  /**
   * One seed.
   *
   * @param stages after each experience
   * @param discovery of classes that were left out; null where none were
   */
  record Trial(long seed, List<Stage> stages, @Nullable NewClasses discovery) {}

  /**
   * After an experience.
   *
   * @param classes known
   * @param rows of known classes, and how many outside
   * @param accuracy on the former where nothing is rejected
   * @param area under the receiver operating characteristic of familiarity
   * @param kept share of the rows of known classes that is kept by the threshold
   * @param right share of them that is kept and named rightly
   * @param rightOfKept share of what is kept of them that is named rightly
   * @param rightAtKeep as {@code right}, were the threshold the one that keeps exactly the share that was to be kept
   * @param rejected share of the rows outside that is rejected
   * @param calibrationError 15 bins
   * @param plainError the same without temperature
   */
  record Stage(int classes, int rows, int outside, double accuracy, double area, double kept, double right,
      double rightOfKept, double rightAtKeep, double rejected, double calibrationError, double plainError) {}

  /**
   * New classes among what was rejected, and their labels learned late.
   *
   * @param classes left out
   * @param rejected rows, and how many of them are of these classes, of all theirs
   * @param found the clusters that are proposed
   * @param partitive the same by probabilistic partitive partitioning of all that was rejected
   * @param accuracyBefore on all rows of known and new classes, before the label came
   * @param accuracyAfter when it was learned in one step
   */
  record NewClasses(int classes, int rejected, int rejectedNew, int newRows, Clusters found, Clusters partitive,
      double accuracyBefore, double accuracyAfter) {}

  /**
   * Clusters against labels.
   *
   * @param count of clusters
   * @param rows in them
   * @param purity share of these rows whose label is that of most rows of their cluster
   * @param hit classes that most rows of some cluster are of, among those that were left out
   * @param adjustedRand over the rejected rows of these classes; rows in no cluster are one more
   */
  record Clusters(int count, int rows, double purity, int hit, double adjustedRand) {}

  /** For people; the last lines say what counts. */
  String text() {
    int stages = trials.getFirst().stages.size();
    var table = new Table(
        "classes", "accuracy", "area", "kept", "right", "of kept", "at share", "rejected", "error", "at T=1");
    for (int i : IntStream.range(0, stages).toArray()) {
      table.row(Integer.toString(trials.getFirst().stages.get(i).classes), at(i, Stage::accuracy), at(i, Stage::area),
          at(i, Stage::kept), at(i, Stage::right), at(i, Stage::rightOfKept), at(i, Stage::rightAtKeep),
          at(i, Stage::rejected), at(i, Stage::calibrationError), at(i, Stage::plainError));
    }
    var lines = new ArrayList<>(List.of(
        "an open world: " + technique + ", " + trials.getFirst().stages.getLast().rows + " rows of known classes and "
            + trials.getFirst().stages.getLast().outside + " of " + outside + (validation ? " (validation), " : ", ")
            + trials.size() + (trials.size() == 1 ? " seed" : " seeds"),
        machine.line(), "", table.text(), ""));
    for (Trial trial : trials) {
      NewClasses found = trial.discovery;
      if (found != null) {
        lines.add(String.format(Locale.ROOT, "seed %d: of %d rejected rows, %d of the %d rows of %d new classes among them,",
            trial.seed, found.rejected, found.rejectedNew, found.newRows, found.classes));
        lines.add("  " + text("proposed", found.found, found.classes));
        lines.add("  " + text("partitive", found.partitive, found.classes));
        lines.add(String.format(Locale.ROOT, "  accuracy on all classes before their label came %.4f, after %.4f",
            found.accuracyBefore, found.accuracyAfter));
      }
    }
    lines.add(String.format(Locale.ROOT,
        "area %s; with %.0f %% of known rows kept, %s of all are kept and right, %s of the kept are right", spread(Stage::area),
        100 * keep, spread(Stage::rightAtKeep), spread(stage -> stage.rightAtKeep / keep)));
    return String.join(System.lineSeparator(), lines);
  }

  private static String text(String how, Clusters clusters, int classes) {
    return String.format(Locale.ROOT,
        "%s: %d clusters of %d rows, purity %.3f, %d of %d classes hit, adjusted Rand index %.3f", how, clusters.count,
        clusters.rows, clusters.purity, clusters.hit, classes, clusters.adjustedRand);
  }

  private String at(int stage, ToDoubleFunction<Stage> figure) {
    return String.format(Locale.ROOT, "%.4f",
        trials.stream().mapToDouble(trial -> figure.applyAsDouble(trial.stages.get(stage))).average().orElseThrow());
  }

  private String spread(ToDoubleFunction<Stage> figure) {
    double[] values = trials.stream().mapToDouble(trial -> figure.applyAsDouble(trial.stages.getLast())).toArray();
    double mean = IntStream.range(0, values.length).mapToDouble(i -> values[i]).average().orElseThrow();
    double least = IntStream.range(0, values.length).mapToDouble(i -> values[i]).min().orElseThrow();
    return String.format(Locale.ROOT, "%.4f (least %.4f)", mean, least);
  }
}
