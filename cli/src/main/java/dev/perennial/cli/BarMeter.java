package dev.perennial.cli;

import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal that is drawn over and gone when the work is done: steps, steps a second, time left. */
final class BarMeter implements Meter {

  private static final int REFRESH_MILLIS = 200;

  private final ProgressBar bar;

  BarMeter(String name, long from, long to) {
    bar = ProgressBar.builder()
        .setTaskName(name)
        .setInitialMax(to)
        .startsFrom(from, Duration.ZERO)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setConsumer(new ConsoleProgressBarConsumer(System.err))
        .showSpeed(new DecimalFormat("0.0 steps", DecimalFormatSymbols.getInstance(Locale.ROOT)))
        .clearDisplayOnFinish()
        .build();
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
