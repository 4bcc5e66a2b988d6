package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PaceTest {
  private static final long SECOND = 1_000_000_000;

  @TempDir Path dir;

  @Test
  void wrote_fasterThanAllowed_waitsUntilItIsNot() {
    var now = new AtomicLong(5 * SECOND);
    var pace = new Pace(1000, now::get, now::addAndGet);
    pace.wrote(500);
    assertEquals(5 * SECOND + SECOND / 2, now.get());
    pace.wrote(2000);
    assertEquals(7 * SECOND + SECOND / 2, now.get());
  }

  @Test
  void wrote_afterAPause_savesNothingUp() {
    var now = new AtomicLong();
    var pace = new Pace(1000, now::get, now::addAndGet);
    pace.wrote(1000);
    now.set(100 * SECOND);
    pace.wrote(1000);
    assertEquals(101 * SECOND, now.get());
  }

  @Test
  void wrote_noLimit_neverWaits() {
    var pace = new Pace(Double.POSITIVE_INFINITY, () -> 0, nanos -> {
      throw new AssertionError("waits " + nanos);
    });
    pace.wrote(Long.MAX_VALUE);
  }

  @Test
  void commit_limitedStore_takesAsLongAsItsBytes() {
    try (Store store = Store.create(dir, "")) {
      store.limit(4e6);
      long start = System.nanoTime();
      Commit commit = store.commit(Position.START, States.at(1), Map.of(), Instant.EPOCH);
      double seconds = (System.nanoTime() - start) / 1e9;
      long bytes = commit.parts().stream().mapToLong(PartRef::bytes).sum();
      assertTrue(seconds >= bytes / 4e6, bytes + " bytes in " + seconds + " s");
      assertEquals(StateDigest.of(States.at(1)), States.digest(store, commit));
    }
  }
}
