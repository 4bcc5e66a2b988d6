package dev.perennial.server.safety;

import dev.perennial.server.Refused;
import java.util.Locale;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * A token bucket for each client: it fills at the rate that is allowed, up to ten seconds of it, and every text or row
 * takes one out. Safe for use by many threads.
 */
public final class RateLimit {

  private static final double SECONDS = 10;

  private final double rate;
  private final LongSupplier nanos;
  private final ConcurrentHashMap<String, Bucket> buckets = new ConcurrentHashMap<>();

  private record Bucket(double left, long at) {}

  /**
   * A limit.
   *
   * @param rate a second; 0 for none
   * @param nanos the clock
   */
  public RateLimit(double rate, LongSupplier nanos) {
    this.rate = rate;
    this.nanos = nanos;
  }

  /**
   * Takes from a client's bucket. More than is in it may be taken from a full one, so that one large request can come
   * through, and is owed then.
   *
   * @throws Refused if there is too little in it
   */
  public void take(String client, int amount) {
    if (rate == 0) {
      return;
    }
    long now = nanos.getAsLong();
    buckets.compute(client, (name, before) -> {
      double full = rate * SECONDS;
      double left = before == null ? full : Math.min(full, before.left + (now - before.at) / 1e9 * rate);
      if (left < Math.min(amount, full)) {
        throw new Refused(Refused.Reason.TOO_MANY, String.format(Locale.ROOT, "expected at most %s texts a second of %s,"
            + " got more: ask again in %.1f seconds", rate, client, (Math.min(amount, full) - left) / rate));
      }
      return new Bucket(left - amount, now);
    });
  }
}
