package dev.perennial.bench;

import dev.perennial.budget.Resource;
import dev.perennial.tune.Ranking;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;

/** A ranking as people read it. */
public final class RankingText {

  /** Rows of the table at most. */
  private static final int MOST_ROWS = 20;

  private RankingText() {}

  /** The table, what could not be run, and what to use and why; ends with a line end. */
  public static String of(Ranking ranking) {
    var lines = new ArrayList<String>();
    lines.add(String.format(Locale.ROOT, "%,d trials in %s on validation rows; those that came further stand first:",
        ranking.trials(), Resource.SECONDS.format(ranking.seconds())));
    lines.add("");
    lines.add(table(ranking));
    int hidden = ranking.entries().size() - MOST_ROWS;
    if (hidden > 0) {
      lines.add(String.format(Locale.ROOT, "and %,d more, which --json has", hidden));
    }
    lines.add("");
    lines.add("Rows are those of a class; the error is one standard error of the accuracy, the spread its standard"
        + " deviation over seeds.");
    if (!ranking.dropped().isEmpty()) {
      lines.add("");
      lines.add("Not run to the end:");
      dropped(ranking).forEach((reason, names) -> lines.add("  " + String.join(", ", names) + ": " + reason));
    }
    lines.add("");
    lines.add("Use " + ranking.choice().text() + ": " + ranking.reason() + ".");
    if (ranking.choice().rowsPerClass() < ranking.mostRowsPerClass()) {
      lines.add(String.format(Locale.ROOT, "It learned at most %,d of %,d rows of a class in its trials; with more time"
          + " (--budget seconds=...) it would be known better.", ranking.choice().rowsPerClass(),
          ranking.mostRowsPerClass()));
    }
    return String.join(System.lineSeparator(), lines) + System.lineSeparator();
  }

  private static String table(Ranking ranking) {
    var table = new Table(
        "candidate", "round", "rows", "seeds", "accuracy", "error", "spread", "forgetting", "learning", "kept",
        "model");
    for (Ranking.Entry entry : ranking.entries().subList(0, Math.min(MOST_ROWS, ranking.entries().size()))) {
      table.row(
          entry.text(), "" + entry.round(), Numbers.whole(entry.rowsPerClass()), "" + entry.seeds().size(),
          percent(entry.accuracy()), percent(entry.standardError()),
          entry.seeds().size() == 1 ? "-" : percent(entry.spread()), percent(entry.forgetting()),
          Resource.SECONDS.format(entry.learnSeconds()), Resource.BYTES.format(entry.memoryBytes()),
          Resource.BYTES.format(entry.addedBytes()));
    }
    return table.text();
  }

  /** Names by reason, for many are dropped for the same. */
  private static LinkedHashMap<String, List<String>> dropped(Ranking ranking) {
    var names = new LinkedHashMap<String, List<String>>();
    for (Ranking.Dropped dropped : ranking.dropped()) {
      names.computeIfAbsent(dropped.reason(), reason -> new ArrayList<>()).add(dropped.text());
    }
    return names;
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
