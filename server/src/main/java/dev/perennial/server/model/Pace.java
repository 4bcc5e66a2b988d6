package dev.perennial.server.model;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/*
 * Additive increase, multiplicative decrease, as TCP shares a line (Chiu and Jain, 1989): after each piece of work
 *   share <- max(0.02, 0.8 share)   where p99 > 0.6 target
 *   share <- min(1, share + 0.02)   where p99 < 0.45 target
 * and learning rests for  worked * (1 - share) / share. The p99 is the server's own, which sees neither the connection nor
 * what waits for a processor before it is read: hence the distance from the target.
 */
/** How much of its time learning takes while predictions are waited for, found from the latency that they have. */
public final class Pace {

  private static final double SLOW = 0.6;
  private static final double FAST = 0.45;
  private static final double LEAST = 0.02;
  private static final double SLOWER = 0.8;
  private static final double FASTER = 0.02;
  private static final long LONGEST_REST = TimeUnit.SECONDS.toNanos(1);

  private final double target;
  private final Latencies latencies;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private volatile double share = 1;

  /**
   * A pace.
   *
   * @param target seconds that 99 of 100 predictions should take at most; 0 for no target, and no rest
   */
  public Pace(double target, Latencies latencies) {
    this.target = target;
    this.latencies = latencies;
  }

  /** The share of its time that learning takes now, above 0 and at most 1. */
  public double share() {
    return share;
  }

  /** Whether learning holds back now. */
  boolean yields() {
    return share < 1;
  }

  /** Finds the share anew after a piece of work, and rests as it says. */
  void rest(long workedNanos) {
    long rest = restAfter(workedNanos);
    if (rest > 0) {
      try {
        // Nobody counts it down but a stop, which ends the rest.
        if (stopping.await(rest, TimeUnit.NANOSECONDS)) {
          share = 1;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** How long to rest, in nanoseconds. */
  long restAfter(long workedNanos) {
    if (target == 0 || stopping.getCount() == 0) {
      return 0;
    }
    double p99 = latencies.p99();
    double now = share;
    if (p99 > SLOW * target) {
      now = Math.max(LEAST, now * SLOWER);
    } else if (p99 < FAST * target) {
      now = Math.min(1, now + FASTER);
    }
    share = now;
    return Math.min(LONGEST_REST, (long) (workedNanos * (1 - now) / now));
  }

  /** From now on there is no rest. */
  void stop() {
    stopping.countDown();
  }
}
