package dev.perennial.data;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Texts that occur with different labels among rows to learn.
 *
 * @param texts how many
 * @param rows that have these texts
 * @param first in the order of the rows, with two of its labels, for a message; empty where there is none
 */
public record Contradictions(int texts, int rows, String first) {

  private static final int SHOWN = 60;

  /** Looks for them among rows; images are not compared. O(characters). */
  public static Contradictions of(List<Example> examples) {
    Map<String, String> labels = new HashMap<>();
    Set<String> contradictory = new HashSet<>();
    String first = "";
    for (Example example : examples) {
      if (example.input() instanceof Input.Text(String text)) {
        String before = labels.putIfAbsent(text, example.label());
        if (before != null && !before.equals(example.label()) && contradictory.add(text) && first.isEmpty()) {
          first = "'" + shortened(text) + "' under " + shown(before) + " and " + shown(example.label());
        }
      }
    }
    long rows = contradictory.isEmpty() ? 0 : examples.stream()
        .filter(example -> example.input() instanceof Input.Text(String text) && contradictory.contains(text)).count();
    return new Contradictions(contradictory.size(), (int) rows, first);
  }

  private static String shortened(String text) {
    String line = text.replaceAll("\\s+", " ");
    return line.length() <= SHOWN ? line : line.substring(0, line.offsetByCodePoints(0, SHOWN / 2)) + "…";
  }

  private static String shown(String label) {
    return String.join("+", Example.of("", label).labels());
  }
}
