package dev.perennial.cli;

import dev.perennial.restart.Attempt;
import dev.perennial.restart.Orders;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Learners in processes of their own, one after the other, until this process is stopped. */
final class LearnerProcesses implements Attempt.Launcher {

  private static final double NANOS = 1e9;

  private final Console console;
  private final List<String> words;
  private final Function<Orders, List<String>> moreWords;
  private final CountDownLatch never = new CountDownLatch(1);
  private @Nullable LearnerProcess current;
  private boolean stopped;

  /**
   * Starts none yet.
   *
   * @param words of the command
   * @param moreWords that follow from orders
   */
  LearnerProcesses(Console console, List<String> words, Function<Orders, List<String>> moreWords) {
    this.console = console;
    this.words = words;
    this.moreWords = moreWords;
  }

  @Override
  public Attempt launch(Orders orders) {
    var all = new ArrayList<>(words);
    all.addAll(moreWords.apply(orders));
    synchronized (this) {
      if (!stopped) {
        PrintWriter out = console.out();
        var started = new LearnerProcess(
            ChildProcess.start(console, List.of("-D" + RunCommand.ORDERS + "=" + Json.line(orders)), all), out::println);
        current = started;
        return new Attempt() {
          @Override
          public Event next(double seconds) {
            Event event = started.next(seconds);
            if (event instanceof Event.Ended) {
              waitIfStopped();
            }
            return event;
          }

          @Override
          public void close() {
            started.close();
          }
        };
      }
    }
    waitIfStopped();
    throw new IllegalStateException("the process has ended");
  }

  /** Waits between two learners. */
  void pause(double seconds) {
    await((long) (seconds * NANOS));
  }

  /** What ended because this process is ending is no failure of the learner. */
  private void waitIfStopped() {
    boolean ending;
    synchronized (this) {
      ending = stopped;
    }
    if (ending) {
      await(Long.MAX_VALUE);
    }
  }

  private void await(long nanos) {
    try {
      // Nobody counts down: only time, or the end of the process, ends the wait.
      if (never.await(nanos, TimeUnit.NANOSECONDS)) {
        throw new IllegalStateException("nobody ends a pause");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the learner in good order; none is started any more. */
  void stop() {
    LearnerProcess last;
    synchronized (this) {
      stopped = true;
      last = current;
    }
    if (last != null) {
      last.stop();
    }
  }
}
