package dev.perennial.tune;

/** What is left of a limit. Only trials spend, so that trials that are found again after a stop leave the same. */
final class Purse {

  private final TuningLimit limit;
  private double seconds;
  private int trials;

  Purse(TuningLimit limit) {
    this.limit = limit;
  }

  void spend(double more) {
    seconds += more;
    trials++;
  }

  /** Spent by all trials. */
  double seconds() {
    return seconds;
  }

  int trials() {
    return trials;
  }

  double secondsLeft() {
    return limit.secondsLeft(seconds);
  }

  long runsLeft() {
    return limit.runsLeft(trials);
  }

  /** What a round may spend: a share of what is left, above 0 and at most 1. */
  Allowance allowance(double share) {
    return new Allowance(share * secondsLeft(), (long) Math.ceil(share * runsLeft()));
  }

  /** What a round may spend, and has not spent yet. */
  static final class Allowance {

    private double seconds;
    private long runs;

    private Allowance(double seconds, long runs) {
      this.seconds = seconds;
      this.runs = runs;
    }

    /** Takes a trial of so many seconds from it, if it is enough for that. */
    boolean take(double trial) {
      boolean enough = runs > 0 && seconds > 0 && trial <= seconds;
      if (enough) {
        spend(trial);
      }
      return enough;
    }

    void spend(double trial) {
      seconds -= trial;
      runs--;
    }

    boolean isSpent() {
      return runs < 1 || seconds <= 0;
    }

    /**
     * The seconds after which a trial is stopped: three times its fair part.
     *
     * @param trials that are still to share, this one included
     */
    double patience(int trials) {
      return Math.min(seconds, 3 * seconds / trials);
    }
  }
}
