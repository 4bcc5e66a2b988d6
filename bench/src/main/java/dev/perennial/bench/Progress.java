package dev.perennial.bench;

import dev.perennial.budget.Resource;
import java.io.PrintWriter;
import java.util.function.LongSupplier;

/** Lines that tell how far a measurement has come: every stage, and within one every five seconds at most. */
final class Progress {

  private static final double NANOS = 1e9;
  private static final double SECONDS_BETWEEN_LINES = 5;

  private final PrintWriter err;
  private final LongSupplier ticker;
  private final String name;
  private long stage;
  private long last;

  /**
   * @param err where lines go
   * @param ticker nanoseconds since some moment
   * @param name before every line
   */
  Progress(PrintWriter err, LongSupplier ticker, String name) {
    this.err = err;
    this.ticker = ticker;
    this.name = name;
  }

  /** A stage begins, or there is something to tell. */
  void say(String line) {
    stage = ticker.getAsLong();
    last = stage;
    err.println(name + ": " + line);
    err.flush();
  }

  /** So much of the stage is done. */
  void at(long done, long of) {
    long now = ticker.getAsLong();
    if (done < 1 || done >= of || (now - last) / NANOS < SECONDS_BETWEEN_LINES) {
      return;
    }
    last = now;
    double left = (now - stage) / NANOS / done * (of - done);
    err.println(name + ":   " + done + " of " + of + ", " + Resource.SECONDS.format(left) + " left");
    err.flush();
  }
}
