package dev.perennial.tune;

import dev.perennial.FailureException;
import dev.perennial.budget.Resource;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.stream.Experience;
import java.util.function.LongSupplier;

/** A listener that ends a trial which takes too long: after the step, or the evaluation, in which it does. */
final class Patience implements RunListener {

  private static final double NANOS = 1e9;

  private final LongSupplier ticker;
  private final long start;
  private final double seconds;
  private final int rowsPerClass;

  Patience(LongSupplier ticker, long start, double seconds, int rowsPerClass) {
    this.ticker = ticker;
    this.start = start;
    this.seconds = seconds;
    this.rowsPerClass = rowsPerClass;
  }

  @Override
  public void stepped(Experience experience, long step, long steps) {
    check();
  }

  @Override
  public void evaluated(Experience experience, AccuracyHistory history) {
    check();
  }

  private void check() {
    if ((ticker.getAsLong() - start) / NANOS > seconds) {
      throw new FailureException("stopped: it needs more than " + Resource.SECONDS.format(seconds) + " with "
          + rowsPerClass + " rows of a class");
    }
  }
}
