package dev.perennial.cli;

import java.io.PrintWriter;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal that is drawn over and gone when the work is done: steps, steps a second, time left. */
final class BarMeter implements Meter {

  private static final int REFRESH_MILLIS = 200;

  private final ProgressBar bar;

  /** Draws the bar over the terminal's line. */
  BarMeter(Console console, String name, long from, long to) {
    // With its width and its output given, the library leaves the terminal, and its signals, alone.
    var line = new DelegatingProgressBarConsumer(text -> draw(console.err(), text), console.width() - 1);
    bar = ProgressBar.builder()
        .setTaskName(name)
        .setInitialMax(to)
        .startsFrom(from, Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setConsumer(line)
        .showSpeed(new DecimalFormat("0.0 steps", DecimalFormatSymbols.getInstance(Locale.ROOT)))
        .clearDisplayOnFinish()
        .build();
  }

  private static void draw(PrintWriter err, String text) {
    err.print(text.startsWith("\r") ? text : "\r" + text);
    err.flush();
  }

  @Override
  public void at(long done) {
    bar.stepTo(done);
  }

  @Override
  public void close() {
    bar.close();
  }
}
