package dev.perennial.stream;

import dev.perennial.data.Example;
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
   * The experiences as they are evaluated: one for each that has test rows, with all that arrived since the one before.
   *
   * <p>These are the experiences themselves, but where rows arrive in pieces: there a stage has the classes and the
   * training rows of its pieces, the name and the test rows of the last, and its place among the stages.
   */
  public List<Experience> stages() {
    var stages = new ArrayList<Experience>();
    var pieces = new ArrayList<Experience>();
    for (Experience experience : experiences) {
      pieces.add(experience);
      if (!experience.test().isEmpty()) {
        stages.add(experience.index() == stages.size() ? experience : joined(stages.size(), pieces));
        pieces.clear();
      }
    }
    return stages;
  }

  private static Experience joined(int index, List<Experience> pieces) {
    var classes = new LinkedHashSet<String>();
    var train = new ArrayList<Example>();
    for (Experience piece : pieces) {
      classes.addAll(piece.classes());
      train.addAll(piece.train());
    }
    Experience last = pieces.getLast();
    return new Experience(index, last.name(), List.copyOf(classes), train, last.test());
  }

  /**
   * The SHA-256, in 64 hexadecimal digits, of the scenario's name and of every experience's name, classes and rows in
   * their order. Two streams have the same digest where they are the same: by it a resumed run checks that it goes on
   * with the stream that it began.
   */
  public String digest() {
    return Digest.of(this);
  }
}
