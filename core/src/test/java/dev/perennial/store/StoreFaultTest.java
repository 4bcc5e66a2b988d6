package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every disk operation of a commit, a collection and a creation made to fail in turn: the state is the old or the new. */
final class StoreFaultTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path temp;

  @ParameterizedTest
  @CsvSource({
    "BEFORE,true,No space left on device", "BEFORE,false,No space left on device",
    "AFTER,true,Input/output error", "AFTER,false,Input/output error",
    "HALF,true,No space left on device", "HALF,false,Input/output error"
  })
  void commit_nthOperationFails_isTheOldOrTheNewState(FaultyDisk.Fault fault, boolean forGood, String says)
      throws IOException {
    String old = StateDigest.of(States.at(1));
    String next = StateDigest.of(States.at(2));
    int opening = opening();
    int n = opening;
    boolean failed;
    do {
      Path dir = temp.resolve(fault + "-" + forGood + "-" + ++n);
      try (Store store = Store.create(dir, "")) {
        store.commit(Position.START, States.at(1), Map.of(), NOON);
      }
      var disk = new FaultyDisk(n, fault, forGood, says);
      boolean acknowledged = false;
      boolean atTheCommit = false;
      try (Store store = Store.open(dir, Access.WRITE, disk)) {
        try {
          store.commit(new Position(1, 1), States.at(2), Map.of(), NOON);
          acknowledged = true;
        } catch (FailureException e) {
          atTheCommit = true;
          String message = String.valueOf(e.getMessage());
          assertTrue(
              disk.witnessFailed()
                  ? message.contains("commit 2 of the store") && message.contains(says)
                  : message.contains(says + "; the store stays at commit 1"),
              message);
          if (!forGood) {
            assertEquals(List.of(), temporaries(dir), "operation " + n);
            boolean there = disk.witnessFailed() || (disk.rowFailed() && fault == FaultyDisk.Fault.AFTER);
            assertEquals(there ? 5 : 3, blobs(dir).size(), "operation " + n);
            Commit repeated = store.commit(new Position(1, 1), States.at(2), Map.of(), NOON);
            assertEquals(next, States.digest(store, repeated));
          }
        }
      }
      failed = disk.failed();
      assertEquals(atTheCommit, !acknowledged);
      try (Store store = Store.open(dir, Access.WRITE)) {
        String found = States.digest(store, store.head().orElseThrow());
        assertTrue(found.equals(next) || (!acknowledged && forGood && found.equals(old)), "operation " + n);
        assertTrue(!disk.witnessFailed() || found.equals(next), "operation " + n);
        assertEquals(List.of(), store.verify());
        assertEquals(List.of(), temporaries(dir));
        Commit last = store.commit(new Position(2, 2), States.at(3), Map.of(), NOON);
        assertEquals(StateDigest.of(States.at(3)), States.digest(store, last));
      }
    } while (failed);
    assertTrue(n - opening >= 14, "a commit of two new blobs takes more than " + (n - opening) + " operations");
  }

  /** Every file that is opened for reading fails in turn: a reader and a resumed writer say so, and nothing is lost. */
  @Test
  void head_nthReadFails_saysSoOrFallsBack() {
    try (Store store = Store.create(temp, "")) {
      store.commit(new Position(1, 1), States.small(1), Map.of(), NOON);
      store.commit(new Position(2, 2), States.small(2), Map.of(), NOON);
    }
    int points = 0;
    int fellBack = 0;
    for (boolean failed = true; failed; points++) {
      FaultyDisk disk = FaultyDisk.reading(points + 1);
      try (Store store = Store.open(temp, Access.READ, disk)) {
        Commit head = store.head().orElseThrow();
        fellBack += head.id() == 1 ? 1 : 0;
        assertEquals(StateDigest.of(States.small(head.id())), States.digest(store, head));
        assertEquals(2, store.head().orElseThrow().id(), "what could not be read once can be read later");
      } catch (FailureException e) {
        assertTrue(String.valueOf(e.getMessage()).contains(FaultyDisk.BROKEN), e.getMessage());
      }
      failed = disk.reads() >= points + 1;
    }
    assertTrue(points >= 5 && fellBack == 2, points + " reads, " + fellBack + " fallbacks");
    try (Store store = Store.open(temp, Access.WRITE)) {
      assertEquals(2, store.head().orElseThrow().id());
      assertEquals(List.of(), store.verify());
    }
  }

  @ParameterizedTest
  @CsvSource({"BEFORE,true", "BEFORE,false", "AFTER,true", "AFTER,false"})
  void open_nthOperationFails_leavesTheStoreAsItIs(FaultyDisk.Fault fault, boolean forGood) throws IOException {
    try (Store store = Store.create(temp, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    Files.writeString(temp.resolve("blobs/new-1-1.tmp"), "left behind");
    int n = 0;
    boolean opened;
    do {
      opened = false;
      try (Store store = Store.open(temp, Access.WRITE, new FaultyDisk(++n, fault, forGood))) {
        opened = true;
        assertEquals(1, store.head().orElseThrow().id());
      } catch (FailureException e) {
        assertTrue(String.valueOf(e.getMessage()).contains(FaultyDisk.NO_SPACE), e.getMessage());
      }
      try (Store store = Store.open(temp, Access.READ)) {
        assertEquals(List.of(), store.verify());
        assertEquals(StateDigest.of(States.small(1)), States.digest(store, store.head().orElseThrow()));
      }
    } while (!opened);
    assertTrue(n > 3, n + " operations");
  }

  /** Operations of an opening, before those of a commit. */
  private int opening() {
    Path dir = temp.resolve("opening");
    Store.create(dir, "").close();
    var disk = new FaultyDisk();
    Store store = Store.open(dir, Access.WRITE, disk);
    int operations = (int) disk.operations();
    store.close();
    return operations;
  }

  @ParameterizedTest
  @CsvSource({"BEFORE,true", "BEFORE,false", "AFTER,true", "AFTER,false"})
  void collect_nthOperationFails_losesNothingThatIsKept(FaultyDisk.Fault fault, boolean forGood) {
    int opening = opening();
    int n = 0;
    boolean failed;
    do {
      Path dir = temp.resolve(fault + "-" + forGood + "-" + ++n);
      try (Store store = Store.create(dir, "")) {
        for (int i = 1; i <= 4; i++) {
          store.commit(new Position(i, i), States.small(i), Map.of(), NOON);
        }
      }
      var disk = new FaultyDisk(opening + n, fault, forGood);
      try (Store store = Store.open(dir, Access.WRITE, disk)) {
        try {
          store.collect(2);
        } catch (FailureException e) {
          assertTrue(disk.failed());
        }
      }
      failed = disk.failed() && n < 20;
      try (Store store = Store.open(dir, Access.WRITE)) {
        assertEquals(List.of(), store.verify());
        assertEquals(StateDigest.of(States.small(4)), States.digest(store, store.commits().get(0)));
        assertEquals(StateDigest.of(States.small(3)), States.digest(store, store.commits().get(1)));
        store.collect(2);
        assertEquals(3, blobs(dir).size());
      }
    } while (failed);
    assertTrue(n > 3);
  }

  @ParameterizedTest
  @CsvSource({"BEFORE,true", "BEFORE,false", "AFTER,true", "AFTER,false"})
  void create_nthOperationFails_isAStoreOrNone(FaultyDisk.Fault fault, boolean forGood) {
    int n = 0;
    boolean failed;
    do {
      Path dir = temp.resolve(fault + "-" + forGood + "-" + ++n);
      var disk = new FaultyDisk(n, fault, forGood);
      try (Store store = Store.create(dir, "spec", disk)) {
        assertEquals("spec", store.spec());
      } catch (FailureException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("No space left on device"), e.getMessage());
      }
      failed = disk.failed();
      boolean there = Files.exists(dir.resolve("perennial.db"));
      try (Store store = there ? Store.open(dir, Access.WRITE) : Store.create(dir, "spec")) {
        assertEquals("spec", store.spec());
        assertEquals(1, store.commit(Position.START, States.small(1), Map.of(), NOON).id());
      }
    } while (failed);
    assertTrue(n > 5);
  }

  @Test
  void commit_firstFails_staysEmpty() {
    Store.create(temp, "").close();
    int secondWrite = opening() + 3;
    try (Store store = Store.open(temp, Access.WRITE, new FaultyDisk(secondWrite, FaultyDisk.Fault.HALF, false))) {
      var failure =
          assertThrows(
              FailureException.class, () -> store.commit(Position.START, States.small(1), Map.of(), NOON));
      assertEquals(
          "cannot commit to the store " + temp + ": No space left on device; the store stays empty: check the disk and"
              + " its space, and commit again",
          failure.getMessage());
      assertFalse(store.head().isPresent());
    }
  }

  /** A blob whose writer died before it synced the directory may vanish again: its name alone proves nothing. */
  @Test
  void commit_blobOfAKilledWriter_isWrittenAnew() throws IOException {
    Store.create(temp, "").close();
    int directorySync = opening() + 12;
    try (Store store = Store.open(temp, Access.WRITE, new FaultyDisk(directorySync, FaultyDisk.Fault.BEFORE, true))) {
      assertThrows(
          FailureException.class, () -> store.commit(Position.START, States.small(1), Map.of(), NOON));
    }
    assertEquals(2, blobs(temp).size());
    assertEquals(List.of(), temporaries(temp));
    var disk = new FaultyDisk();
    try (Store store = Store.open(temp, Access.WRITE, disk)) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    assertEquals(2, disk.created());
  }

  private static List<Path> temporaries(Path dir) throws IOException {
    try (var files = Files.walk(dir)) {
      return files.filter(file -> file.toString().endsWith(".tmp")).toList();
    }
  }

  private static List<String> blobs(Path dir) {
    String[] names = dir.resolve("blobs").toFile().list();
    return names == null ? List.of() : List.of(names);
  }
}
