package dev.perennial.measure;

import java.nio.file.Path;
import java.util.List;

/**
 * A report of one or several runs as one {@link HtmlPage}, in which every chart has its numbers in a table beside it.
 */
public final class HtmlReport {

  private HtmlReport() {}

  /**
   * The page's text.
   *
   * @param title what it is about; any characters
   * @param runs at least one, each with a name of its own; up to 6 have colours of their own
   */
  public static String render(String title, List<ReportRun> runs) {
    if (runs.isEmpty() || runs.stream().map(ReportRun::name).distinct().count() < runs.size()) {
      throw new IllegalArgumentException("a report needs at least one run, and each a name of its own");
    }
    ForgettingGrid forgetting = ForgettingGrid.of(runs);
    ChartData charts = ChartData.of(runs, forgetting);
    return HtmlPage.render(HtmlReport.class, "report", title, Page.of(title, runs, forgetting, charts), charts);
  }

  /**
   * Writes the page, in the place of what may be there.
   *
   * @param file where; its directory exists
   * @throws dev.perennial.FailureException where it cannot be written
   */
  public static void write(Path file, String title, List<ReportRun> runs) {
    HtmlPage.write(file, render(title, runs));
  }
}
