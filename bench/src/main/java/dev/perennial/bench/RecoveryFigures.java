package dev.perennial.bench;

import java.util.List;
import java.util.Locale;

/**
 * How long it takes to get a state back from the memory of a group, and from disk.
 *
 * @param machine what it was measured on
 * @param bytes of the state
 * @param members of the group
 * @param parity how many of them may be lost
 * @param killed members that were killed before it was got back: those that held data
 * @param survivalOfOnePercent the chance that the group survives when each member is lost with a chance of 0.01
 * @param saves how long each save into memory took, seconds
 * @param commitSeconds for the store's commit to disk
 * @param ways of getting it back
 */
record RecoveryFigures(
    Machine machine, long bytes, int members, int parity, int killed, double survivalOfOnePercent, List<Double> saves,
    double commitSeconds, List<Way> ways) {

  /** Copies the lists. */
  RecoveryFigures {
    saves = List.copyOf(saves);
    ways = List.copyOf(ways);
  }

  /**
   * One way; every byte is digested and compared in all of them.
   *
   * @param name of it
   * @param seconds of each time
   */
  record Way(String name, List<Double> seconds) {
    /** Copies the list. */
    Way {
      seconds = List.copyOf(seconds);
    }

    double median() {
      return seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElse(Double.NaN);
    }
  }

  /** For people; the last line says what counts. */
  String text() {
    var table = new Table("got back from", "median", "best", "GiB/s");
    for (Way way : ways) {
      double best = way.seconds().stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
      table.row(way.name(), Numbers.duration(way.median()), Numbers.duration(best),
          Numbers.fine(bytes / way.median() / (1 << 30)));
    }
    double memory = ways.getFirst().median();
    double disk = ways.getLast().median();
    return String.join(System.lineSeparator(),
        "recovery: a state of " + Numbers.whole(bytes) + " bytes, " + members + " members of which " + parity
            + " may be lost and " + killed + (killed == 1 ? " was" : " were") + " killed",
        machine.line(),
        "saved into memory in " + Numbers.duration(saves.stream().sorted().skip(saves.size() / 2).findFirst().orElse(0.0))
            + ", committed to disk in " + Numbers.duration(commitSeconds) + "; the group survives with a chance of "
            + String.format(Locale.ROOT, "%.6f", survivalOfOnePercent) + " where a member is lost with one of 0.01",
        "", table.text(), "",
        "from memory peers " + Numbers.duration(memory) + ", from disk " + Numbers.duration(disk) + ": "
            + Numbers.rate(disk / memory) + " times as fast");
  }
}
