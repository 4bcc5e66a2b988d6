package dev.perennial.bench.suite;

import dev.perennial.budget.Resource;
import dev.perennial.measure.Grid;
import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import dev.perennial.measure.HtmlPage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The content of a suite's HTML page, as the template {@code suite.html} names it.
 *
 * @param title the page's title
 * @param summary what was run, in a sentence
 * @param ranking the techniques, best first
 * @param curves accuracy by memory budget; no rows where there were no two budgets
 * @param seen the accuracy over the stream
 * @param confusions what each technique came to mistake
 * @param runs every run
 * @param options of every technique
 * @param facts how it was made, by name
 * @param notes runs that were stopped, left out or failed
 * @param barLines how many text lines high the ranking's chart is
 */
record SuitePage(
    String title, String summary, Grid ranking, Grid curves, Grid seen, Grid confusions, Grid runs, Grid options,
    List<Fact> facts, List<String> notes, int barLines) {

  /** More mistakes of a technique than this are left to the JSON's readers. */
  private static final int MISTAKES = 3;

  /** Something to know about the suite. */
  record Fact(String name, String value) {}

  /** The page's text. */
  static String render(SuiteOutcome outcome) {
    Ranking ranking = outcome.ranking();
    List<MemoryCurve> curves = MemoryCurve.of(outcome);
    String title = outcome.suite().name();
    String summary = ranking.standings().isEmpty() ? "No run is finished." : SuiteText.summary(outcome);
    var page = new SuitePage(title, summary, ranking(ranking), curves(curves), seen(ranking), confusions(ranking),
        runs(outcome), options(ranking), facts(outcome), SuiteText.notes(outcome), 4 + 2 * ranking.standings().size());
    return HtmlPage.render(SuitePage.class, "suite", title, page, SuiteCharts.of(ranking, curves));
  }

  boolean hasNotes() {
    return !notes.isEmpty();
  }

  boolean hasCurves() {
    return !curves.rows().isEmpty();
  }

  boolean hasConfusions() {
    return !confusions.rows().isEmpty();
  }

  private static Grid ranking(Ranking ranking) {
    var rows = new ArrayList<Row>();
    for (Ranking.Standing standing : ranking.standings()) {
      Spread accuracy = standing.accuracy();
      rows.add(new Row((rows.size() + 1) + ". " + standing.technique(), "", List.of(
          new Item(percent(accuracy), "", "bar" + (rows.isEmpty() ? " best" : ""), Grid.fraction(accuracy.mean())),
          Item.of(percent(standing.of(FinishedRun::anytimeAccuracy))),
          Item.of(percent(standing.of(run -> run.result().forgetting()))),
          Item.of(percent(standing.of(run -> run.result().taskForgetting()))),
          Item.of(Resource.BYTES.format(standing.of(run -> run.result().memoryBytes()).mean())),
          Item.of(Resource.SECONDS.format(standing.of(run -> run.result().learnSeconds()).mean())),
          Item.of(String.format(Locale.ROOT, "%,.0f", standing.of(run -> run.result().examplesPerSecond()).mean())),
          Item.of(Integer.toString(standing.runs().size())))));
    }
    return Grid.of("Mean over seeds ± sample standard deviation", List.of(
        "Technique", "Final accuracy", "Anytime accuracy", "Forgetting", "Task forgetting", "Kept of the past",
        "Learning time", "Examples a second", "Runs"), rows);
  }

  private static Grid curves(List<MemoryCurve> curves) {
    List<Row> rows = curves.stream()
        .map(curve -> new Row(curve.technique(), "", Stream.concat(
            Stream.of(Item.of(percent(curve.aucLast())), Item.of(percent(curve.aucAverage()))),
            curve.points().stream().map(point -> Item.of(percent(point.last())))).toList()))
        .toList();
    List<String> budgets = curves.isEmpty() ? List.of()
        : curves.getFirst().points().stream().map(point -> Resource.BYTES.format((double) point.bytes())).toList();
    return Grid.of("Areas under the curve of last and of average accuracy; final accuracy with each budget",
        Stream.concat(Stream.of("Technique", "AUC-L", "AUC-A"), budgets.stream()).toList(), rows);
  }

  private static Grid seen(Ranking ranking) {
    int tasks = ranking.standings().stream().mapToInt(s -> s.runs().getFirst().result().tasks()).max().orElse(0);
    List<Row> rows = ranking.standings().stream()
        .map(standing -> new Row(standing.technique(), "",
            SuiteCharts.seen(standing).stream().map(SuitePage::known).toList()))
        .toList();
    return Grid.of("Accuracy on everything seen so far, after each experience, mean over seeds",
        Stream.concat(Stream.of("After"), IntStream.rangeClosed(1, tasks).mapToObj(Integer::toString)).toList(), rows);
  }

  private static Item known(@Nullable Double percent) {
    return Item.of(percent == null ? "–" : String.format(Locale.ROOT, "%.1f%%", percent));
  }

  private static Grid confusions(Ranking ranking) {
    var rows = new ArrayList<Row>();
    for (Ranking.Standing standing : ranking.standings()) {
      UnaryOperator<String> names = ClassNames.of(standing.runs().getFirst().data());
      Confusion.grown(standing.runs().stream().map(FinishedRun::history).toList()).stream().limit(MISTAKES)
          .forEach(confusion -> rows.add(new Row(standing.technique(), "", List.of(
              Item.words(names.apply(confusion.label()) + " taken for " + names.apply(confusion.takenFor())),
              Item.of(percent(confusion.first())),
              Item.of(percent(confusion.last())),
              new Item("+" + percent(confusion.growth()), "", "bar", Grid.fraction(confusion.growth()))))));
    }
    return Grid.of("The three mistakes of each technique that grew most, over all seeds",
        List.of("Technique", "Mistake", "Right after learning", "In the end", "Growth"), rows);
  }

  private static Grid runs(SuiteOutcome outcome) {
    List<Row> rows = outcome.finished().stream()
        .map(finished -> new Row(finished.member().technique(), "", List.of(
            Item.of(Long.toString(finished.member().seed())),
            Item.of(budget(finished.member().memoryBytes())),
            Item.of(percent(finished.run().accuracy())),
            Item.of(percent(finished.run().result().forgetting())),
            Item.of(Resource.BYTES.format((double) finished.run().result().memoryBytes())),
            Item.of(Resource.SECONDS.format(finished.run().result().learnSeconds())),
            Item.words(finished.run().result().stateDigest().substring(0, 12)))))
        .toList();
    return Grid.of("Every run", List.of("Technique", "Seed", "Memory budget", "Final accuracy", "Forgetting",
        "Kept of the past", "Learning time", "State digest"), rows);
  }

  private static String budget(@Nullable Long bytes) {
    return bytes == null ? "none" : Resource.BYTES.format(Objects.requireNonNull(bytes));
  }

  private static Grid options(Ranking ranking) {
    List<Row> rows = ranking.standings().stream()
        .map(standing -> new Row(standing.technique(), "", List.of(
            Item.words(written(standing.runs().getFirst().result().options())))))
        .toList();
    return Grid.of("Options of every technique, those it was not told too", List.of("Technique", "Options"), rows);
  }

  private static String written(Map<String, Object> options) {
    return options.entrySet().stream()
        .map(option -> option.getKey() + "=" + option.getValue()).collect(Collectors.joining(" "));
  }

  private static List<Fact> facts(SuiteOutcome outcome) {
    if (outcome.finished().isEmpty()) {
      return List.of();
    }
    Suite suite = outcome.suite();
    FinishedRun one = outcome.finished().getFirst().run();
    return List.of(
        new Fact("Data", one.data()),
        new Fact("Scenario", one.result().scenario()),
        new Fact("Experiences", Integer.toString(one.result().tasks())),
        new Fact("Classes", Integer.toString(one.result().classes())),
        new Fact("Seeds", suite.seeds() == 1 ? "1" : "1 to " + suite.seeds()),
        new Fact("Backbone", suite.base().backbone().isEmpty() ? "default" : suite.base().backbone()),
        new Fact("Processor", one.machine().processor() + " (" + one.machine().processors() + ")"),
        new Fact("Threads", Integer.toString(suite.base().threads())),
        new Fact("Libraries", one.machine().libraries()),
        new Fact("Java", one.machine().java()),
        new Fact("Commit", one.commit()));
  }

  private static String percent(Spread spread) {
    String deviation = String.format(Locale.ROOT, "%.1f", 100 * spread.deviation());
    return percent(spread.mean()) + (spread.count() == 1 ? "" : " ± " + deviation);
  }

  private static String percent(double fraction) {
    String text = String.format(Locale.ROOT, "%.1f%%", 100 * fraction);
    return text.equals("-0.0%") ? "0.0%" : text;
  }
}
