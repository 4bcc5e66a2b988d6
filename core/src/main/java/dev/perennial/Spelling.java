package dev.perennial;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** What someone may have meant by a name that does not exist. */
public final class Spelling {

  private Spelling() {}

  /**
   * The name among {@code names} that is nearest to {@code name} in Levenshtein's edit distance, upper and lower case
   * being the same; the first of several.
   *
   * @return empty where even the nearest has more than half of its letters changed
   */
  public static Optional<String> nearest(String name, Collection<String> names) {
    String wanted = name.toLowerCase(Locale.ROOT);
    return names.stream()
        .min(Comparator.comparingInt(candidate -> distance(wanted, candidate.toLowerCase(Locale.ROOT))))
        .filter(best -> 2 * distance(wanted, best.toLowerCase(Locale.ROOT)) <= Math.max(best.length(), wanted.length()));
  }

  /** The end of a message: {@code ; did you mean "x"?}, or nothing where no name is near. */
  public static String suggestion(String name, Collection<String> names) {
    return nearest(name, names).map(best -> "; did you mean " + best + "?").orElse("");
  }

  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int changed = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(changed, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
