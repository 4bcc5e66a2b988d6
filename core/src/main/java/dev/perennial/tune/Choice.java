package dev.perennial.tune;

import static java.util.Comparator.comparing;
import static java.util.Comparator.comparingDouble;

import dev.perennial.budget.Resource;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/*
 * The one-standard-error rule (Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984, 3.4.3):
 * whatever is within one standard error of the best is as good, and of those the cheapest is chosen. Cheaper is what
 * takes fewer bytes; with as many, what takes less time, where the difference is more than a clock's noise; with as
 * much, what is more accurate.
 */
/**
 * The candidate to use, of several that were judged alike.
 *
 * @param standing it
 * @param reason why, in a sentence without a full stop
 */
record Choice(Standing standing, String reason) {

  /** Seconds that make no difference, and the share of them that makes none. */
  private static final double SAME_SECONDS = 1;

  private static final double SAME_SHARE = 0.25;

  static final Comparator<Standing> BEST_FIRST = comparingDouble(Standing::accuracy).reversed()
      .thenComparingDouble(Standing::bytes)
      .thenComparing(comparing(standing -> standing.candidate().text()));

  /**
   * Chooses.
   *
   * @param judged on as many rows, at least one
   */
  static Choice of(List<Standing> judged) {
    Standing best = judged.stream().min(BEST_FIRST).orElseThrow();
    Standing choice = cheapestNear(best, judged);
    if (judged.size() == 1) {
      return new Choice(choice, "nothing else came so far");
    }
    String noise = String.format(Locale.ROOT, "one standard error, %.1f points on %,d validation rows,",
        100 * best.standardError(), best.last().getLast().validationRows());
    if (choice == best) {
      return new Choice(best, "it is the most accurate, and nothing cheaper is within " + noise + " of it");
    }
    String cheaper = choice.bytes() < best.bytes()
        ? "fewer bytes, " + Resource.BYTES.format(choice.bytes()) + " against " + Resource.BYTES.format(best.bytes())
        : "as many bytes and less time, " + Resource.SECONDS.format(choice.learnSeconds()) + " against "
            + Resource.SECONDS.format(best.learnSeconds());
    return new Choice(choice, String.format(Locale.ROOT, "it is within noise of the most accurate, %s at %.1f %% (%s"
        + " apart at most), and cheaper: %s", best.candidate().text(), 100 * best.accuracy(),
        noise.replaceAll(",$", ""), cheaper));
  }

  /** The cheapest of those that are as good as the best. */
  static Standing cheapestNear(Standing best, List<Standing> judged) {
    List<Standing> near = judged.stream()
        .filter(standing -> standing.accuracy() >= best.accuracy() - best.standardError())
        .toList();
    double bytes = near.stream().mapToDouble(Standing::bytes).min().orElse(0);
    List<Standing> small = near.stream().filter(standing -> standing.bytes() <= bytes).toList();
    double seconds = small.stream().mapToDouble(Standing::learnSeconds).min().orElse(0);
    double same = Math.max(seconds + SAME_SECONDS, seconds * (1 + SAME_SHARE));
    return small.stream().filter(standing -> standing.learnSeconds() <= same).min(BEST_FIRST).orElse(best);
  }
}
