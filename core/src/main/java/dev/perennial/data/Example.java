package dev.perennial.data;

import org.jspecify.annotations.Nullable;

/**
 * One labelled input.
 *
 * @param input what the model sees
 * @param label the name of its class
 * @param task the task that it says it belongs to, where the source names one
 * @param order where it stands in time, where the source says so; smaller comes first
 */
public record Example(Input input, String label, @Nullable String task, @Nullable Double order) {

  /** An example with neither task nor time. */
  public static Example of(String text, String label) {
    return new Example(new Input.Text(text), label, null, null);
  }
}
