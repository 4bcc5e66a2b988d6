package dev.perennial.tune;

import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A technique with options, to be tried.
 *
 * @param technique its name
 * @param options those that are chosen, by name; what is absent keeps its default
 */
public record Candidate(String technique, SortedMap<String, String> options) {

  /** Copies the options. */
  public Candidate {
    options = Collections.unmodifiableSortedMap(new TreeMap<>((Map<String, String>) options));
  }

  /** The name and the options in one line: {@code ewc rate=0.001 strength=100}. */
  public String text() {
    var text = new StringBuilder(technique);
    options.forEach((name, value) -> text.append(' ').append(name).append('=').append(value));
    return text.toString();
  }
}
