package dev.perennial.store;

import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * A limit on how fast bytes are written, so that what else uses the disk is not held up.
 *
 * <p>Whoever has written n bytes goes on no sooner than n / rate seconds after it began; time in which nothing was
 * written is not saved up.
 */
final class Pace {

  /** Bytes after which a limited file is synced, since the system would else pass all of it on at once. */
  static final long SYNC_BYTES = 16 << 20;

  private static final double NANOS = 1e9;

  /** Waits so many nanoseconds, or less. */
  interface Waiter {
    void await(long nanos);
  }

  private final double bytesPerSecond;
  private final LongSupplier ticker;
  private final Waiter waiter;
  private long due = Long.MIN_VALUE;

  /**
   * A pace.
   *
   * @param bytesPerSecond above 0; infinite for no limit
   * @param ticker nanoseconds since some moment
   */
  Pace(double bytesPerSecond, LongSupplier ticker, Waiter waiter) {
    this.bytesPerSecond = bytesPerSecond;
    this.ticker = ticker;
    this.waiter = waiter;
  }

  /** No limit. */
  static Pace unlimited() {
    return of(Double.POSITIVE_INFINITY);
  }

  /** A limit by the system's time. */
  static Pace of(double bytesPerSecond) {
    return new Pace(bytesPerSecond, System::nanoTime, LockSupport::parkNanos);
  }

  boolean isLimited() {
    return bytesPerSecond < Double.POSITIVE_INFINITY;
  }

  /** Returns when so many bytes more may have been written; at once where the thread is interrupted. */
  void wrote(long bytes) {
    if (!isLimited()) {
      return;
    }
    long now = ticker.getAsLong();
    due = Math.max(due, now) + (long) (bytes / bytesPerSecond * NANOS);
    while (now < due && !Thread.currentThread().isInterrupted()) {
      waiter.await(due - now);
      now = ticker.getAsLong();
    }
  }
}
