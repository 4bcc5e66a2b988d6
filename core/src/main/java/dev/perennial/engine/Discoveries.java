package dev.perennial.engine;

import java.util.List;

/**
 * What a model found among texts that are of no class it knows.
 *
 * @param texts that it was given
 * @param unknown those of them that are of no known class
 * @param classes that there may be among these, the largest first
 */
public record Discoveries(int texts, int unknown, List<NewClass> classes) {

  /** Copies the list. */
  public Discoveries {
    classes = List.copyOf(classes);
  }

  /**
   * A class that there may be.
   *
   * @param members its texts, those nearest to its middle first
   * @param likeness how much they are like its middle on average, up to 1
   */
  public record NewClass(List<String> members, double likeness) {

    /** Copies the list. */
    public NewClass {
      members = List.copyOf(members);
    }
  }
}
