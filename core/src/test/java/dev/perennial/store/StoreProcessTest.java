package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that several processes use, and processes that are killed. */
final class StoreProcessTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final int KILLS = 20;

  @TempDir Path dir;

  @Test
  void commit_killedAtRandomMoments_losesNothingAcknowledged() throws IOException, InterruptedException {
    Store.create(dir, "").close();
    var random = new Random(2);
    long acknowledged = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Process child = ChildProcess.start("commit", dir);
      try (BufferedReader output = ChildProcess.output(child)) {
        assertEquals("open", output.readLine());
        int commits = random.nextInt(6);
        for (int i = 0; i < commits; i++) {
          acknowledged = Long.parseLong(output.readLine());
        }
        if (kill % 4 == 0) {
          checkWhole(acknowledged, Access.READ);
        }
        child.waitFor(random.nextInt(40_000), TimeUnit.MICROSECONDS);
        // Through the handle: destroying the Process itself would also throw away what it had said.
        child.toHandle().destroyForcibly();
        child.waitFor();
        for (String line = output.readLine(); line != null && line.matches("\\d+"); line = output.readLine()) {
          acknowledged = Math.max(acknowledged, Long.parseLong(line));
        }
      }
      checkWhole(acknowledged, kill % 2 == 0 ? Access.READ : Access.WRITE);
    }
    assertTrue(acknowledged >= KILLS, "only " + acknowledged + " commits");
  }

  private void checkWhole(long acknowledged, Access access) {
    try (Store store = Store.open(dir, access)) {
      Optional<Commit> head = store.head();
      assertEquals(Optional.empty(), store.fallback());
      assertTrue(head.map(Commit::id).orElse(0L) >= acknowledged, () -> head + " is behind " + acknowledged);
      if (head.isPresent()) {
        long step = head.get().position().step();
        assertEquals(head.get().id(), step);
        assertEquals(Map.of("step", "" + step), head.get().documents());
        assertEquals(StateDigest.of(States.at(step)), States.digest(store, head.get()));
      }
      if (access == Access.WRITE) {
        assertEquals(List.of(), store.verify());
      }
    }
  }

  @Test
  void open_writerInAnotherProcess_isRefusedAndReadingGoesOn() throws IOException, InterruptedException {
    try (Store store = Store.create(dir, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    Process child = ChildProcess.start("hold", dir);
    try (BufferedReader output = ChildProcess.output(child)) {
      assertEquals("open", output.readLine());
      assertEquals(
          "the store " + dir + " is being written by another process (process " + child.pid()
              + "): wait until it has ended or stop it, or choose another store",
          assertThrows(FailureException.class, () -> Store.open(dir, Access.WRITE)).getMessage());
      try (Store reader = Store.open(dir, Access.READ)) {
        assertEquals(1, reader.head().orElseThrow().id());
      }
    } finally {
      child.getOutputStream().close();
      assertEquals(0, child.waitFor());
    }
    Store.open(dir, Access.WRITE).close();
  }

  /** POSIX drops a process's lock when any of its channels on the file closes: a refused attempt must not do that. */
  @Test
  void open_writerInThisProcess_isRefusedAndKeepsItsLock() throws IOException, InterruptedException {
    Path otherSpelling = dir.resolve("..").resolve(dir.getFileName());
    try (Store store = Store.create(dir, "")) {
      assertEquals(
          "the store " + otherSpelling + " is already open for writing in this process: close it first, or open it to"
              + " read",
          assertThrows(FailureException.class, () -> Store.open(otherSpelling, Access.WRITE)).getMessage());
      Process child = ChildProcess.start("hold", dir);
      try (BufferedReader output = ChildProcess.output(child)) {
        assertEquals(
            "the store " + dir + " is being written by another process (process " + ProcessHandle.current().pid()
                + "): wait until it has ended or stop it, or choose another store",
            output.readLine());
        assertEquals(1, child.waitFor());
      }
      assertEquals(1, store.commit(Position.START, States.small(1), Map.of(), NOON).id());
    }
    Store.open(otherSpelling, Access.WRITE).close();
  }
}
