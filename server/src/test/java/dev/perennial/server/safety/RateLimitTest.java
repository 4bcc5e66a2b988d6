package dev.perennial.server.safety;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.server.Refused;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class RateLimitTest {

  private final AtomicLong nanos = new AtomicLong();
  private final RateLimit limit = new RateLimit(5, nanos::get);

  @Test
  void take_tenSecondsOfIt_isThereAtOnce_andThenItFillsAtTheRate() {
    limit.take("a", 50);
    assertEquals(429, assertThrows(Refused.class, () -> limit.take("a", 1)).reason().status());
    limit.take("b", 50);
    nanos.addAndGet(2_000_000_000L);
    limit.take("a", 10);
    assertThrows(Refused.class, () -> limit.take("a", 1));
  }

  @Test
  void take_moreThanIsEverThere_comesThroughOnce_andIsOwed() {
    limit.take("a", 100);
    nanos.addAndGet(10_000_000_000L);
    assertThrows(Refused.class, () -> limit.take("a", 1));
    nanos.addAndGet(1_000_000_000L);
    limit.take("a", 5);
  }
}
