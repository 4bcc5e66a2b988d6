package dev.perennial.bench.suite;

import dev.perennial.budget.Resource;
import dev.perennial.data.Dataset;
import dev.perennial.engine.RunListener;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** What a person sees of a suite while it goes on: runs done, what is being learned, time left. */
final class SuiteProgress implements RunListener, AutoCloseable {

  private static final double SECONDS_BETWEEN_LINES = 5;
  private static final double NANOS = 1e9;
  private static final int REFRESH_MILLIS = 200;
  private static final int PARTS = 1000;

  private final PrintWriter err;
  private final LongSupplier ticker;
  private final Forecast forecast;
  private final int total;
  private final @Nullable ProgressBar bar;
  private int done;
  private Suite.@Nullable Member current;
  private long began;
  private long lastLine;
  private int experiences = 1;
  private double share;
  private volatile double secondsLeft = Double.NaN;

  /**
   * Begins to show a suite.
   *
   * @param members all of its runs
   * @param width characters in a line of the terminal that {@code err} is; 0 where it is none: then lines are printed,
   *     every five seconds at most
   * @param ticker nanoseconds since some moment
   */
  SuiteProgress(PrintWriter err, int width, LongSupplier ticker, List<Suite.Member> members) {
    this.err = err;
    this.ticker = ticker;
    forecast = new Forecast(members);
    total = members.size();
    lastLine = ticker.getAsLong();
    bar = width == 0 ? null : ProgressBar.builder()
        .setTaskName("suite")
        .setInitialMax((long) total * PARTS)
        .setUnit(" runs", PARTS)
        .setStyle(ProgressBarStyle.ASCII)
        .setUpdateIntervalMillis(REFRESH_MILLIS)
        .setConsumer(new DelegatingProgressBarConsumer(text -> draw(err, text), width - 1))
        .setEtaFunction(state -> eta())
        .clearDisplayOnFinish()
        .build();
  }

  private static void draw(PrintWriter err, String text) {
    err.print(text.startsWith("\r") ? text : "\r" + text);
    err.flush();
  }

  private Optional<Duration> eta() {
    double left = secondsLeft;
    return Double.isNaN(left) ? Optional.empty() : Optional.of(Duration.ofMillis((long) (1000 * left)));
  }

  /** A run begins, or goes on. */
  void began(Suite.Member member) {
    current = member;
    began = ticker.getAsLong();
    at(name(member), 0);
  }

  /** A run that was finished before this process began is not run again. */
  void known(Suite.Member member, FinishedRun run) {
    forecast.finished(member, run.seconds());
    done++;
  }

  /** A run is finished. */
  void finished(Suite.Member member, FinishedRun run) {
    forecast.finished(member, elapsed());
    done++;
    current = null;
    say(String.format(Locale.ROOT, "%s: accuracy %.1f %%, forgetting %.1f %%, learned in %s; %s", name(member),
        100 * run.accuracy(), 100 * run.result().forgetting(), Resource.SECONDS.format(run.result().learnSeconds()),
        state()));
  }

  /** A run comes to nothing. */
  void missing(Suite.Member member, String why) {
    forecast.dropped(member);
    done++;
    current = null;
    say(name(member) + ": " + why);
  }

  /** Says something that stays to be seen. */
  void say(String line) {
    ProgressBar shown = bar;
    if (shown == null) {
      err.println(line);
    } else {
      shown.pause();
      draw(err, "\r\033[K" + line + System.lineSeparator());
      shown.resume();
    }
    at("", 0);
  }

  @Override
  public void prepared(Dataset dataset, Stream stream) {
    experiences = stream.experiences().size();
  }

  @Override
  public void stepped(Experience experience, long step, long steps) {
    Suite.Member member = current;
    if (member == null) {
      return;
    }
    String what = name(member) + ", experience " + (experience.index() + 1) + "/" + experiences;
    at(what, (experience.index() + (step + 1.0) / steps) / experiences);
    long now = ticker.getAsLong();
    if (bar == null && (now - lastLine) / NANOS >= SECONDS_BETWEEN_LINES) {
      lastLine = now;
      err.println(what + ", step " + (step + 1) + " of " + steps + "; " + state());
    }
  }

  private void at(String what, double shareDone) {
    share = shareDone;
    secondsLeft = forecast.left(current, elapsed(), share).orElse(Double.NaN);
    if (bar != null) {
      bar.stepTo((long) (PARTS * (done + share)));
      bar.setExtraMessage(what);
    }
  }

  private double elapsed() {
    return current == null ? 0 : (ticker.getAsLong() - began) / NANOS;
  }

  private String state() {
    OptionalDouble left = forecast.left(current, elapsed(), share);
    return done + " of " + total + " runs done" + (done == total || left.isEmpty()
        ? "" : ", about " + Resource.SECONDS.format(left.getAsDouble()) + " left");
  }

  private static String name(Suite.Member member) {
    return member.technique() + ", seed " + member.seed()
        + (member.memoryBytes() == null ? "" : ", " + Resource.BYTES.format(member.memoryBytes()));
  }

  /** Stops showing anything. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
