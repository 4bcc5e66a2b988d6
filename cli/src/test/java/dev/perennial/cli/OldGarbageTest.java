package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class OldGarbageTest {

  private static final long MB = 1 << 20;

  @Test
  void look_whereHalfAsMuchAgainAndEightMegabytesAreUsed_collects_andStaysWithinThatForEver() {
    var used = new AtomicLong(60 * MB);
    var live = new AtomicLong(0);
    var collections = new AtomicInteger();
    var garbage = new OldGarbage(used::get, live::get, () -> {
      collections.incrementAndGet();
      used.set(20 * MB);
      live.set(20 * MB);
    });
    garbage.look();
    assertEquals(1, collections.get());
    long most = 0;
    for (int minute = 0; minute < 600; minute++) {
      used.addAndGet(MB);
      garbage.look();
      most = Math.max(most, used.get());
    }
    assertEquals(38 * MB, most);
    // 18 MB fit, the 19th is the first too many.
    assertEquals(1 + 600 / 19, collections.get());
  }
}
