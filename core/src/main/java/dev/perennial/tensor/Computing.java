package dev.perennial.tensor;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Native computing, which has to end before the process does: a native library is torn down as a
 * process ends, whatever threads are still in it.
 *
 * <p>Whoever computes shares a lock; the end takes it for itself and never gives it back. A thread that waits for others
 * does not compute.
 */
final class Computing {

  /** That of this process. */
  static final Computing NATIVE = new Computing();

  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

  /** Begins to compute, unless this thread does already; waits for ever once the end has come. Whether it began. */
  boolean begin() {
    if (lock.getReadHoldCount() > 0) {
      return false;
    }
    lock.readLock().lock();
    return true;
  }

  /** Ends what {@link #begin} began, on the same thread. */
  void end() {
    lock.readLock().unlock();
  }

  /** Whether this thread computes. */
  boolean here() {
    return lock.getReadHoldCount() > 0;
  }

  /** Waits until nobody computes, and lets nobody begin again. Whether that came about within {@code most}. */
  boolean endForGood(Duration most) {
    try {
      return lock.writeLock().tryLock(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
