package dev.perennial.measure;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run was asked to do.
 *
 * @param technique the name it is found by
 * @param options the technique's options by name, in the order they are to be shown; values that JSON can hold
 * @param seed of all its randomness
 * @param scenario how the stream was made, as on the command line: {@code class-incremental} and so on
 * @param tasks how many experiences the stream has
 * @param classes how many classes the stream has; their names are in the history
 */
public record Setup(
    String technique, Map<String, Object> options, long seed, String scenario, int tasks, int classes) {

  /** Copies the options in their order. */
  public Setup {
    options = Collections.unmodifiableMap(new LinkedHashMap<>(options));
  }
}
