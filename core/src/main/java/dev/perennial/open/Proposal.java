package dev.perennial.open;

import java.util.List;

/**
 * A class that there may be beside those that are known.
 *
 * @param members which of the inputs it was found in belong to it, from 0, those nearest to its middle first
 * @param likeness how much they are like its middle on average, up to 1
 */
public record Proposal(List<Integer> members, double likeness) {

  /** Copies the list. */
  public Proposal {
    members = List.copyOf(members);
  }
}
