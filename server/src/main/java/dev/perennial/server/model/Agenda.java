package dev.perennial.server.model;

import dev.perennial.PerennialException;
import dev.perennial.server.Refused;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the writer's thread is to do, as other threads leave it there: lines that are durable, and orders; and how far it
 * has come. Safe for use by many threads.
 */
final class Agenda {

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Order<?>> orders = new ArrayDeque<>();
  private long durable;
  private long visible;
  private boolean stopping;
  private boolean ended;
  private @Nullable RuntimeException failure;

  private record Order<T>(Supplier<T> work, CompletableFuture<T> done) {}

  /**
   * Nothing but lines.
   *
   * @param durable the last line of the journal
   * @param visible the last one that is learned
   */
  Agenda(long durable, long visible) {
    this.durable = durable;
    this.visible = visible;
  }

  /** Lines are durable, and to be learned. */
  void durable(long last) {
    lock.lock();
    try {
      durable = last;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Predictions have seen all lines up to this one. */
  void visible(long line) {
    lock.lock();
    try {
      visible = line;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for something to do, on the writer's thread; false when it is time to end.
   *
   * @param untilCommit nanoseconds until a commit is due; {@link Long#MAX_VALUE} where none is
   */
  boolean awaitWork(LongSupplier untilCommit) {
    lock.lock();
    try {
      while (!stopping && orders.isEmpty() && visible >= durable) {
        long left = untilCommit.getAsLong();
        if (left == Long.MAX_VALUE) {
          changed.await();
        } else if (left <= 0 || changed.awaitNanos(left) <= 0) {
          return true;
        }
      }
      return !stopping;
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the writer", e);
    } finally {
      lock.unlock();
    }
  }

  /** Does what other threads have asked for, on the writer's thread. */
  void obey() {
    while (true) {
      Order<?> order;
      lock.lock();
      try {
        order = orders.poll();
      } finally {
        lock.unlock();
      }
      if (order == null) {
        return;
      }
      obey(order);
    }
  }

  private static <T> void obey(Order<T> order) {
    try {
      order.done.complete(order.work.get());
    } catch (PerennialException e) {
      order.done.completeExceptionally(e);
    }
  }

  /** Has the writer's thread do something, and waits until it is done. */
  <T> T order(Supplier<T> work) {
    var order = new Order<>(work, new CompletableFuture<T>());
    lock.lock();
    try {
      requireRunning();
      orders.add(order);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      return order.done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Waits until predictions have seen a line; whether they have. */
  boolean awaitVisible(long line, Duration most) {
    lock.lock();
    try {
      long left = most.toNanos();
      while (visible < line && !ended && left > 0) {
        left = changed.awaitNanos(left);
      }
      return visible >= line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Lines that are durable and not learned yet. */
  long backlog() {
    lock.lock();
    try {
      return durable - visible;
    } finally {
      lock.unlock();
    }
  }

  /** Why nothing is done any more, in one line; null while it is. */
  @Nullable String problem() {
    lock.lock();
    try {
      return failure == null ? null : String.valueOf(failure.getMessage());
    } finally {
      lock.unlock();
    }
  }

  /** Refuses what comes after a failure or a stop. */
  void requireRunning() {
    lock.lock();
    try {
      if (failure != null) {
        throw new Refused(Refused.Reason.UNAVAILABLE, "learning has stopped (" + failure.getMessage()
            + "), while predictions go on: repair that and start the server again; nothing acknowledged is lost", failure);
      }
      if (stopping) {
        throw new Refused(Refused.Reason.UNAVAILABLE, "the server is stopping: send it to the next one");
      }
    } finally {
      lock.unlock();
    }
  }

  /** Nothing is done any more, because of this. */
  void fail(RuntimeException e) {
    lock.lock();
    try {
      failure = e;
    } finally {
      lock.unlock();
    }
  }

  /** Time to end. */
  void stop() {
    lock.lock();
    try {
      stopping = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The writer's thread has ended: what waits for it is told. */
  void end() {
    lock.lock();
    try {
      ended = true;
      stopping = true;
      orders.forEach(order -> order.done.completeExceptionally(
          new Refused(Refused.Reason.UNAVAILABLE, "learning has stopped: start the server again")));
      orders.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
