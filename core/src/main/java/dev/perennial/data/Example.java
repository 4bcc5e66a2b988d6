package dev.perennial.data;

import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One labelled input.
 *
 * @param input what the model sees
 * @param label the name of its class; several, joined by {@link #joined}, where the source gives a row several labels
 * @param task the task that it says it belongs to, where the source names one
 * @param order where it stands in time, where the source says so; smaller comes first
 */
public record Example(Input input, String label, @Nullable String task, @Nullable Double order) {

  /** What stands between joined labels: Unicode's unit separator, which no text in use contains. */
  private static final String SEPARATOR = "\u001f";

  /** An example with neither task nor time. */
  public static Example of(String text, String label) {
    return new Example(new Input.Text(text), label, null, null);
  }

  /** Several labels as one: each once, in alphabetical order. */
  public static String joined(Collection<String> labels) {
    return String.join(SEPARATOR, new TreeSet<>(labels));
  }

  /** The names of its classes: one, but where the source gives a row several labels. */
  public List<String> labels() {
    return label.contains(SEPARATOR) ? List.of(label.split(SEPARATOR, -1)) : List.of(label);
  }
}
