package dev.perennial.budget;

/**
 * Where parameters of a brick went, or left: one decision of an allocator.
 *
 * @param site the name of the place
 * @param rank that it has from then on
 * @param parameters that it has from then on
 * @param importance by which that was decided, in the allocator's own unit; 0 where nothing was known yet
 * @param experience in which that was, from 0
 * @param step of the experience after which that was, from 0
 * @param why in words
 */
public record Placement(
    String site, int rank, long parameters, double importance, int experience, long step, String why) {

  /** Checks the ranges. */
  public Placement {
    if (rank < 0 || parameters < 0 || !Double.isFinite(importance) || experience < 0 || step < 0) {
      throw new IllegalArgumentException(site + " cannot have rank " + rank + ", " + parameters
          + " parameters and an importance of " + importance + " after step " + step + " of experience " + experience);
    }
  }
}
