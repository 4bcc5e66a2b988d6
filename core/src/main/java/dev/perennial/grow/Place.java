package dev.perennial.grow;

/**
 * Where a brick goes, and how large it is.
 *
 * @param site the sites, as a pattern or a name
 * @param rank at each of them, at least 0
 * @param parameters of the whole brick
 */
public record Place(String site, int rank, long parameters) {

  /** Checks the ranges. */
  public Place {
    if (rank < 0 || parameters < 0) {
      throw new IllegalArgumentException(site + " cannot hold rank " + rank + " in " + parameters + " parameters");
    }
  }
}
