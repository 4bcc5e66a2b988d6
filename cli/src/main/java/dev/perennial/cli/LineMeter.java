package dev.perennial.cli;

import dev.perennial.budget.Resource;
import java.util.Locale;

/** Lines for a log, every five seconds at most: steps, steps a second, time left. */
final class LineMeter implements Meter {

  private static final double SECONDS_BETWEEN_LINES = 5;
  private static final double NANOS = 1e9;

  private final Console console;
  private final String name;
  private final long from;
  private final long to;
  private final long start;
  private long lastLine;

  LineMeter(Console console, String name, long from, long to) {
    this.console = console;
    this.name = name;
    this.from = from;
    this.to = to;
    start = console.ticker().getAsLong();
    lastLine = start;
  }

  @Override
  public void at(long done) {
    long now = console.ticker().getAsLong();
    if (done == to || (now - lastLine) / NANOS < SECONDS_BETWEEN_LINES) {
      return;
    }
    lastLine = now;
    double rate = (done - from) / ((now - start) / NANOS);
    console.err().println(String.format(Locale.ROOT, "%s: step %,d of %,d, %.1f steps/s, %s left", name, done, to, rate,
        Resource.SECONDS.format((to - done) / rate)));
  }

  @Override
  public void close() {}
}
