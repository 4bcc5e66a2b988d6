package dev.perennial.grow;

/**
 * A brick that is held, as far as decisions look at it.
 *
 * @param name what it is called
 * @param parameters that it has
 * @param centre of what it is for, in a space that all bricks share, such as the sum of its rows' frozen features
 */
public record Held(String name, long parameters, double[] centre) {

  /** Copies the centre. */
  public Held {
    centre = centre.clone();
  }

  /** The cosine between what two are for; -1 where one of them is for nothing. */
  double likeness(Held other) {
    double product = 0;
    double own = 0;
    double others = 0;
    for (int i = 0; i < centre.length; i++) {
      product += centre[i] * other.centre[i];
      own += centre[i] * centre[i];
      others += other.centre[i] * other.centre[i];
    }
    return own > 0 && others > 0 ? product / Math.sqrt(own * others) : -1;
  }
}
