package dev.perennial.learn.auto;

import java.util.Arrays;
import java.util.Locale;

/*
 * Of n rows that both saw and neither learned, a is right and b wrong on w_ab of them, b right and a wrong on w_ba:
 *   gain of a over b = (w_ab - w_ba) / n
 * Rows on which both are right or both wrong say nothing of which is better (McNemar, Psychometrika 12, 1947). If the two
 * were equally good, w_ab - w_ba would have a standard deviation of sqrt(w_ab + w_ba).
 */
/** How candidates did on the same rows, two by two. */
final class Evidence {

  private final int candidates;
  private final long[] wins;
  private long rows;

  /** None yet. */
  Evidence(int candidates) {
    this.candidates = candidates;
    this.wins = new long[candidates * candidates];
  }

  /** One that was kept: what {@link #numbers} gave. */
  Evidence(int candidates, long[] numbers) {
    this(candidates);
    System.arraycopy(numbers, 0, wins, 0, wins.length);
    rows = numbers[wins.length];
  }

  /** Takes in a row. {@code right} says of each candidate whether it was right; those that are out are wrong. */
  void add(boolean... right) {
    rows++;
    for (int a = 0; a < candidates; a++) {
      for (int b = 0; b < candidates; b++) {
        if (right[a] && !right[b]) {
          wins[a * candidates + b]++;
        }
      }
    }
  }

  /** Rows taken in. */
  long rows() {
    return rows;
  }

  /** Rows on which {@code a} is right and {@code b} is not. */
  long wins(int a, int b) {
    return wins[a * candidates + b];
  }

  /** How much more often {@code a} is right than {@code b}, -1 to 1; 0 without rows. */
  double gain(int a, int b) {
    return rows == 0 ? 0 : (wins(a, b) - wins(b, a)) / (double) rows;
  }

  /** Whether {@code a} is better than {@code b} by more than chance explains: by {@code deviations} standard deviations. */
  boolean isBetter(int a, int b, double deviations) {
    return wins(a, b) - wins(b, a) > deviations * Math.sqrt(wins(a, b) + wins(b, a));
  }

  /** In words. */
  String of(int a, int b) {
    return String.format(Locale.ROOT, "right where the other is wrong on %d of %d held-back rows, the other on %d",
        wins(a, b), rows, wins(b, a));
  }

  /** All of it, to be kept. */
  long[] numbers() {
    long[] numbers = Arrays.copyOf(wins, wins.length + 1);
    numbers[wins.length] = rows;
    return numbers;
  }
}
