package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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
  private static final int KILLS = 10;

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

  /** A writer that keeps one commit only, and readers that open it: always a whole one, never a complaint. */
  @Test
  void openHead_writerCollectsAtOnce_isAlwaysAWholeCommit() throws IOException, InterruptedException {
    Store.create(dir, "").close();
    Process child = ChildProcess.start("replace", dir);
    long newest = 0;
    int different = 0;
    try (BufferedReader output = ChildProcess.output(child)) {
      assertEquals("open", output.readLine());
      assertEquals("committed", output.readLine());
      for (int look = 0; look < 150; look++) {
        try (Store store = Store.open(dir, Access.READ); StoredParts parts = store.openHead().orElseThrow()) {
          long step = parts.commit().position().step();
          assertTrue(step >= newest, step + " after " + newest);
          different += step > newest ? 1 : 0;
          newest = step;
          assertEquals(StateDigest.of(States.middling(step % 7 + 1)), StateDigest.of(parts.parts().values()));
          assertEquals(List.of(), store.verify());
        }
      }
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertTrue(different >= 4, "only " + different + " commits were seen");
  }

  /** What another process has given up stays readable to who has it open. */
  @Test
  void openHead_collectedByAnotherProcess_staysReadable() throws IOException, InterruptedException {
    try (Store store = Store.create(dir, "")) {
      store.commit(Position.START, States.middling(3), Map.of(), NOON);
    }
    try (Store store = Store.open(dir, Access.READ); StoredParts parts = store.openHead().orElseThrow()) {
      Process child = ChildProcess.start("replace", dir);
      try (BufferedReader output = ChildProcess.output(child)) {
        assertEquals("open", output.readLine());
        assertEquals("committed", output.readLine());
      } finally {
        child.destroyForcibly().waitFor();
      }
      assertEquals(StateDigest.of(States.middling(3)), StateDigest.of(parts.parts().values()));
      var refusal = assertThrows(FailureException.class, () -> store.parts(parts.commit()));
      assertTrue(String.valueOf(refusal.getMessage()).contains("given up"), refusal.getMessage());
    }
  }

  /** Copied file by file while it is written: an exact state, or one clear line; and the copy can be learned on from. */
  @Test
  void open_copiedWhileInUse_isAnExactStateOrOneLine() throws IOException, InterruptedException {
    Path source = Files.createDirectory(dir.resolve("source"));
    Store.create(source, "").close();
    Process child = ChildProcess.start("commit", source);
    int whole = 0;
    int complaints = 0;
    try (BufferedReader output = ChildProcess.output(child)) {
      assertEquals("open", output.readLine());
      for (int i = 0; i < 3; i++) {
        output.readLine();
      }
      for (int i = 0; i < 20; i++) {
        Path copy = dir.resolve("copy-" + i);
        copy(source, copy, i % 2 == 0);
        try (Store store = Store.open(copy, i % 4 < 2 ? Access.READ : Access.WRITE)) {
          Commit head = store.head().orElseThrow();
          assertEquals(StateDigest.of(States.at(head.position().step())), States.digest(store, head));
          whole++;
        } catch (FailureException e) {
          String message = String.valueOf(e.getMessage());
          assertTrue(message.contains("store " + copy) && message.indexOf('\n') < 0, message);
          complaints++;
        }
      }
    } finally {
      child.destroyForcibly().waitFor();
    }
    assertEquals(20, whole + complaints);
    assertTrue(whole > 0, "no copy could be used");
  }

  /** As a person does who knows nothing of transactions: one file after the other, in some order. */
  private static void copy(Path source, Path target, boolean databaseFirst) throws IOException {
    Files.createDirectories(target.resolve("blobs"));
    for (int pass = 0; pass < 2; pass++) {
      if ((pass == 0) == databaseFirst) {
        for (String name : List.of("perennial.db", "perennial.db-wal", "newest")) {
          Files.copy(source.resolve(name), target.resolve(name));
        }
      } else {
        try (var blobs = Files.list(source.resolve("blobs"))) {
          for (Path blob : blobs.toList()) {
            try {
              Files.copy(blob, target.resolve("blobs").resolve(blob.getFileName().toString()));
            } catch (NoSuchFileException e) {
              assertTrue(Files.notExists(blob), "renamed or collected meanwhile");
            }
          }
        }
      }
    }
  }
}
