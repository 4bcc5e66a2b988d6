package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Writers that believe they have the store, and have lost it: they can neither commit nor delete. */
final class StoreFenceTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path dir;

  private static String fenced(Path dir) {
    return "the store " + dir + " was opened for writing by another process since (writer 2, this one is writer 1): "
        + "nothing was changed; end this process, the other one goes on";
  }

  /** The lock file is deleted under a process that holds it: a second one then finds a lock to take. */
  @Test
  void commit_lockFileDeletedAndAnotherWriter_isRefused() throws IOException, InterruptedException {
    try (Store store = Store.create(dir, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      Files.delete(dir.resolve("lock"));
      Process child = ChildProcess.start("once", dir);
      try (BufferedReader output = ChildProcess.output(child)) {
        assertEquals("open", output.readLine());
        assertEquals("2", output.readLine());
        assertEquals(0, child.waitFor());
      }
      var refusal = assertThrows(
          FailureException.class, () -> store.commit(Position.START, States.small(3), Map.of(), NOON));
      assertEquals(fenced(dir), refusal.getMessage());
      assertEquals(fenced(dir), assertThrows(FailureException.class, () -> store.collect(1)).getMessage());
    }
    try (Store store = Store.open(dir, Access.READ)) {
      assertEquals(2, store.head().orElseThrow().id());
      assertEquals(List.of(2L, 1L), store.commits().stream().map(Commit::id).toList());
      assertEquals(StateDigest.of(States.small(7)), States.digest(store, store.head().orElseThrow()));
      assertEquals(List.of(), store.verify());
    }
  }

  /** At every operation of a commit another writer takes over and commits the very same state: its blobs stay. */
  @Test
  void commit_overtakenAtAnyOperation_harmsNothingOfTheOther() throws IOException {
    int points = 0;
    for (boolean overtaken = true; overtaken; points++) {
      Path place = dir.resolve("at-" + points);
      Store.create(place, "").close();
      var disk = new PausedDisk(points + 1);
      Store first = Store.open(place, Access.WRITE, disk);
      disk.pause = () -> {
        // As if the lock had been lost: the second writer is not stopped by it.
        Catalog catalog = CatalogFile.open(place.resolve("perennial.db"), Access.WRITE);
        var blobs = new Blobs(place.resolve("blobs"), new SystemDisk());
        blobs.begin(catalog.takeOver(new SystemDisk()), catalog.blobs());
        List<PartRef> refs = blobs.put(States.small(1), null);
        if (catalog.newestId() == 0) {
          catalog.append(
              new Commit(1, 0, NOON, new Position(5, 5), refs, new TreeMap<>(), false), new SystemDisk());
        }
        catalog.close();
      };
      boolean committed = false;
      try {
        first.commit(new Position(1, 1), States.small(1), Map.of(), NOON);
        committed = true;
      } catch (FailureException e) {
        assertTrue(String.valueOf(e.getMessage()).contains("opened for writing by another process"), e.getMessage());
      }
      overtaken = disk.paused;
      if (overtaken) {
        assertThrows(FailureException.class, () -> first.collect(1));
      }
      first.close();
      try (Store store = Store.open(place, Access.READ)) {
        assertEquals(List.of(), store.verify(), "operation " + points);
        Commit head = store.head().orElseThrow();
        assertEquals(disk.pausedBeforeRow ? new Position(5, 5) : new Position(1, 1), head.position());
        assertEquals(disk.pausedBeforeRow, !committed);
        assertEquals(StateDigest.of(States.small(1)), States.digest(store, head));
      }
    }
    assertTrue(points >= 12, points + " operations");
  }

  @Test
  void open_storeOfBeforeThereWereWriters_getsThemFromItsNextWriter() throws SQLException {
    Store.create(dir, "").close();
    try (var database = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = database.createStatement()) {
      statement.execute("DROP TABLE writers");
    }
    assertTrue(dir.resolve("newest").toFile().delete());
    try (Store store = Store.open(dir, Access.READ)) {
      assertEquals(List.of(), store.verify());
    }
    for (int i = 1; i <= 2; i++) {
      try (Store store = Store.open(dir, Access.WRITE)) {
        assertEquals(i, store.commit(Position.START, States.small(i), Map.of(), NOON).id());
      }
    }
  }

  /** Does something else before the n-th operation, once it was told what. */
  private static final class PausedDisk extends SteppedDisk {

    interface Pause {
      void run() throws IOException, SQLException;
    }

    private final long at;
    private @Nullable Pause pause;
    private long operations;
    private boolean paused;
    private boolean pausedBeforeRow;
    private boolean rowDone;

    PausedDisk(long at) {
      this.at = at;
    }

    @Override
    void step() throws IOException {
      if (pause != null && ++operations == at) {
        paused = true;
        pausedBeforeRow = !rowDone;
        try {
          pause.run();
        } catch (SQLException e) {
          throw new IOException(e);
        }
      }
    }

    @Override
    public void commit(Connection database) throws SQLException {
      super.commit(database);
      rowDone = pause != null;
    }
  }
}
