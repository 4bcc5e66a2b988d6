package dev.perennial.server.http;

import dev.perennial.server.Refused;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Streams that are open: no more than so many, and none that its client does not read.
 *
 * <p>A write to a client that reads nothing blocks for ever. Its thread is virtual, and interrupting one that blocks on a
 * socket closes the socket: so writes are timed, and those that take too long are interrupted.
 */
final class Watch implements AutoCloseable {

  private final Semaphore free;
  private final int most;
  private final Duration patience;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("perennial-watch").factory());

  Watch(int most, Duration patience) {
    this.most = most;
    this.free = new Semaphore(most);
    this.patience = patience;
  }

  /** A stream that is open until this is closed. */
  interface Open extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Opens one.
   *
   * @throws Refused if there are too many
   */
  Open open() {
    if (!free.tryAcquire()) {
      throw new Refused(Refused.Reason.UNAVAILABLE, "expected at most " + most
          + " streams to be open, and there are as many: try again in a moment");
    }
    return free::release;
  }

  /** How many are open. */
  int openCount() {
    return most - free.availablePermits();
  }

  /** Something that may block for as long as a client likes. */
  interface Write<E extends Exception> {
    void run() throws E;
  }

  /** Writes, and is interrupted if that takes too long. */
  <E extends Exception> void timed(Write<E> write) throws E {
    Thread writer = Thread.currentThread();
    ScheduledFuture<?> alarm = timer.schedule(writer::interrupt, patience.toMillis(), TimeUnit.MILLISECONDS);
    try {
      write.run();
    } finally {
      // Where the alarm came just now, its mark must not meet the next write.
      if (!alarm.cancel(false)) {
        Thread.interrupted();
      }
    }
  }

  @Override
  public void close() {
    timer.shutdownNow();
  }
}
