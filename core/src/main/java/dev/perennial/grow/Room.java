package dev.perennial.grow;

/**
 * What a budget leaves for bricks beside those that are held.
 *
 * @param parameters that may be added; infinite where there is no limit
 * @param bytes that may be added; infinite where there is no limit
 * @param bricks the most that may be held at once, at least 1
 */
public record Room(double parameters, double bytes, int bricks) {

  /** Checks the ranges. */
  public Room {
    if (!(parameters >= 0) || !(bytes >= 0) || bricks < 1) {
      throw new IllegalArgumentException(
          "there is no room of " + parameters + " parameters, " + bytes + " bytes and " + bricks + " bricks");
    }
  }

  /** Whether a brick of that place fits beside so many others, when so many parameters have been freed. */
  boolean fits(Place place, int others, long freed) {
    long more = Math.max(0, place.parameters() - freed);
    return others < bricks && more <= parameters && more * (double) Float.BYTES <= bytes;
  }
}
