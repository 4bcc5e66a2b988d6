package dev.perennial.bench;

import java.util.List;
import java.util.Locale;

/**
 * How fast searches for medoids are on the same rows.
 *
 * @param machine what they were measured on
 * @param rows to cluster
 * @param medoids to find
 * @param width numbers of a row
 * @param seed of the rows and of the random start
 * @param distancesSeconds for the matrix that all of them use; it is not counted as theirs
 * @param buildSeconds for BUILD; it is not counted as theirs either
 * @param searches in the order in which they ran
 */
record MedoidsFigures(
    Machine machine, int rows, int medoids, int width, long seed, double distancesSeconds, double buildSeconds,
    List<Search> searches) {

  /** Copies the list. */
  MedoidsFigures {
    searches = List.copyOf(searches);
  }

  /**
   * One search.
   *
   * @param name of the algorithm
   * @param start where it began: {@code build} or {@code random}
   * @param seconds it took
   * @param swaps it made
   * @param loss it ended with
   * @param speedUp PAM's seconds from the same start / its seconds
   * @param sameMedoids whether they are PAM's from the same start
   */
  record Search(
      String name, String start, double seconds, int swaps, double loss, double speedUp, boolean sameMedoids) {}

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("", "start", "seconds", "swaps", "loss", "speed-up", "medoids");
    for (Search search : searches) {
      table.row(search.name, search.start, String.format(Locale.ROOT, "%.3f", search.seconds),
          Numbers.whole(search.swaps), Numbers.fine(search.loss), Numbers.rate(search.speedUp),
          search.sameMedoids ? "PAM's" : "others");
    }
    Search last = searches.getLast();
    return String.join(System.lineSeparator(),
        "medoids: " + medoids + " of " + Numbers.whole(rows) + " rows of " + width + " numbers, seed " + seed
            + "; distances " + Numbers.duration(distancesSeconds) + ", BUILD " + Numbers.duration(buildSeconds),
        machine.line(), "", table.text(), "",
        last.name + " / PAM from a random start: " + Numbers.rate(last.speedUp) + " times as fast, loss "
            + String.format(Locale.ROOT, "%.4f", last.loss / searches.get(searches.size() - 3).loss)
            + " times PAM's");
  }
}
