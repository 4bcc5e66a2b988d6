package dev.perennial.server.drift;

import dev.perennial.FailureException;

/** Checks of what detectors are given. */
final class Observed {

  private Observed() {}

  /** A number that can be observed. */
  static double finite(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("expected a finite number to observe, got " + value);
    }
    return value;
  }

  /** A count in a state. */
  static int count(double[] state, int place, int least, int most) {
    double value = place < state.length ? state[place] : Double.NaN;
    if (!(value >= least && value <= most) || value != Math.rint(value)) {
      throw damaged("number " + place + " of " + state.length + " is " + value + ", not a count of " + least + " to " + most);
    }
    return (int) value;
  }

  /** A state that no such detector ever had. */
  static FailureException damaged(String what) {
    return new FailureException("expected the state of a drift detector with these options, got another: " + what
        + ": reset the detector, or restore the state of the same kind and options");
  }
}
