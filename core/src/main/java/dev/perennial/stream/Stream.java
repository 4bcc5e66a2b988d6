package dev.perennial.stream;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * A sequence of experiences, the same for the same dataset, scenario, number of tasks and seed.
 *
 * @param scenario how it was made
 * @param experiences in the order of arrival; at least one
 */
public record Stream(Scenario scenario, List<Experience> experiences) {

  /** Copies the list. */
  public Stream {
    experiences = List.copyOf(experiences);
  }

  /** Every class of the stream, in the order in which they first arrive. */
  public List<String> classes() {
    var classes = new LinkedHashSet<String>();
    experiences.forEach(e -> classes.addAll(e.classes()));
    return new ArrayList<>(classes);
  }

  /**
   * The SHA-256, in 64 hexadecimal digits, of the scenario and of every experience's name, classes and rows in their
   * order. Two streams have the same digest where they are the same: by it a resumed run checks that it goes on with
   * the stream that it began.
   */
  public String digest() {
    return Digest.of(this);
  }
}
