package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.store.RecordingDisk.Image;
import dev.perennial.store.RecordingDisk.Loss;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Power lost after every single operation of commits and collections, with every loss: the commit before or the new one. */
final class StorePowerLossTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final int SECTOR = 512;

  /** How often chance is asked at each point. */
  private static final int CHANCES = 4;

  @TempDir Path temp;

  private int checked;

  private static String state(long step) {
    return StateDigest.of(States.middling(step));
  }

  private Path next() throws IOException {
    return Files.createTempDirectory(temp, "lost");
  }

  private static void delete(Path dir) throws IOException {
    try (var files = Files.walk(dir)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  /** Opens what a loss of power left: it must be exactly that commit, to a reader, and now and then to a writer. */
  private void check(Path dir, long commit, String place) {
    if (++checked % 8 != 0) {
      try (Store store = Store.open(dir, Access.READ)) {
        assertEquals(Optional.empty(), store.fallback(), place);
        Commit head = store.head().orElseThrow();
        assertEquals(commit, head.id(), place);
        assertEquals(Map.of("d", "" + commit), head.documents(), place);
        assertEquals(state(commit), States.digest(store, head), place);
      }
      return;
    }
    try (Store store = Store.open(dir, Access.WRITE)) {
      assertEquals(Optional.empty(), store.fallback(), place);
      Commit head = store.head().orElseThrow();
      assertEquals(commit, head.id(), place);
      assertEquals(new Position(1, commit), head.position(), place);
      assertEquals(Map.of("d", "" + commit), head.documents(), place);
      assertEquals(state(commit), States.digest(store, head), place);
      assertEquals(List.of(), store.verify(), place);
      Commit again = store.commit(new Position(1, 9), States.middling(9), Map.of(), NOON);
      assertEquals(state(9), States.digest(store, again), place);
    }
  }

  private static Commit commit(Store store, long step) {
    return store.commit(new Position(1, step), States.middling(step), Map.of("d", "" + step), NOON);
  }

  /** Opening, two commits and two collections, at every operation. */
  @Test
  void commit_powerLostAfterEveryOperation_isTheOldOrTheNewState() throws IOException {
    Path dir = temp.resolve("store");
    try (Store store = Store.create(dir, "")) {
      commit(store, 1);
      commit(store, 2);
    }
    var disk = new RecordingDisk(dir);
    var acknowledgedAt = new ArrayList<Integer>();
    Store store = Store.open(dir, Access.WRITE, disk);
    for (int step = 3; step <= 4; step++) {
      commit(store, step);
      acknowledgedAt.add(disk.images().size() - 1);
      store.collect(2);
    }
    int points = 0;
    var found = new long[5];
    for (int i = 0; i < disk.images().size(); i++) {
      Image image = disk.images().get(i);
      for (Loss loss : Loss.values()) {
        for (int chance = 0; chance < (loss == Loss.NONE || loss == Loss.LOST ? 1 : CHANCES); chance++) {
          Path lost = next();
          image.write(lost, loss, new Random(31L * i + chance));
          long least = 2 + acknowledgedBefore(acknowledgedAt, i);
          long rows = 2 + rowsBefore(disk.images(), i);
          String place = loss + " after " + image.after + " (operation " + i + ", chance " + chance + ")";
          assertTrue(rows >= least, place);
          check(lost, rows, place);
          found[(int) rows]++;
          delete(lost);
          points++;
        }
      }
    }
    store.close();
    assertTrue(points >= 500, "only " + points + " points");
    assertTrue(found[2] > 100 && found[3] > 100 && found[4] > 100, Arrays.toString(found));
  }

  private static long acknowledgedBefore(List<Integer> acknowledgedAt, int image) {
    return acknowledgedAt.stream().filter(at -> at <= image).count();
  }

  /** Transactions that added a commit, of all: opening, commit, (collection), commit, collection. */
  private static long rowsBefore(List<Image> images, int image) {
    int transactions = 0;
    int rows = 0;
    for (Image before : images.subList(0, image + 1)) {
      if (before.after.equals("a transaction")) {
        transactions++;
        rows += transactions == 2 || transactions == 4 ? 1 : 0;
      }
    }
    return rows;
  }

  /** A new store at every operation: none yet, or an empty one that works. */
  @Test
  void create_powerLostAfterEveryOperation_isAStoreOrNone() throws IOException {
    Path dir = temp.resolve("store");
    Files.createDirectories(dir.resolve("blobs"));
    var disk = new RecordingDisk(dir);
    Store.create(dir, "spec", disk).close();
    int points = 0;
    for (Image image : disk.images()) {
      for (Loss loss : Loss.values()) {
        Path lost = next();
        image.write(lost, loss, new Random(points));
        boolean there = Files.exists(lost.resolve("perennial.db"));
        try (Store store = there ? Store.open(lost, Access.WRITE) : Store.create(lost, "spec")) {
          assertEquals("spec", store.spec());
          assertEquals(1, commit(store, 1).id());
          assertEquals(List.of(), store.verify());
        }
        points++;
      }
    }
    assertTrue(points >= 40, "only " + points + " points");
  }

  /** The write-ahead log itself, at every sector of what a commit added to it: torn, in any order, zeroed or garbled. */
  @Test
  void commit_logTornAnywhere_isTheOldOrTheNewState() throws IOException {
    Path dir = temp.resolve("store");
    Store store = Store.create(dir, "");
    commit(store, 1);
    var disk = new RecordingDisk(dir);
    store.close();
    store = Store.open(dir, Access.WRITE, disk);
    commit(store, 2);
    int points = 0;
    points += sweepLog(disk.images(), "perennial.db-wal", 2, 2);
    store.close();
    assertTrue(points >= 170, "only " + points + " points");
  }

  /** A log that begins anew over an old one: the old frames behind the new ones must not come back. */
  @Test
  void commit_logBegunAnewAndTornAnywhere_isTheOldOrTheNewState() throws IOException {
    Path dir = temp.resolve("store");
    Store.create(dir, "").close();
    var disk = new RecordingDisk(dir);
    int points = 0;
    try (Store store = Store.open(dir, Access.WRITE, disk);
        var connection = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = connection.createStatement()) {
      commit(store, 1);
      commit(store, 2);
      statement.execute("PRAGMA wal_checkpoint(RESTART)");
      disk.delete(dir.resolve("none"));
      int before = disk.images().size();
      commit(store, 3);
      points = sweepLog(disk.images().subList(before - 1, disk.images().size()), "perennial.db-wal", 1, 3);
    } catch (SQLException e) {
      throw new IOException(e);
    }
    assertTrue(points >= 200, "only " + points + " points");
  }

  /** The checkpoint, which copies the log into the database: some sectors are copied and others are not. */
  @Test
  void checkpoint_powerLostMeanwhile_keepsTheNewestCommit() throws IOException {
    Path dir = temp.resolve("store");
    Store.create(dir, "").close();
    var disk = new RecordingDisk(dir);
    int points = 0;
    try (Store store = Store.open(dir, Access.WRITE, disk);
        var connection = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = connection.createStatement()) {
      commit(store, 1);
      commit(store, 2);
      Image image = disk.images().getLast();
      byte[] old = image.database("perennial.db");
      statement.execute("PRAGMA wal_checkpoint(FULL)");
      byte[] copied = Files.readAllBytes(dir.resolve("perennial.db"));
      for (int chance = 0; chance < 60; chance++) {
        Path lost = next();
        image.write(lost, Loss.NONE, new Random(0));
        Files.write(lost.resolve("perennial.db"), mix(old, copied, new Random(chance), Mix.values()[chance % 4]));
        check(lost, 2, "chance " + chance);
        delete(lost);
        points++;
      }
    } catch (SQLException e) {
      throw new IOException(e);
    }
    assertEquals(60, points);
  }

  private enum Mix {
    TORN,
    REORDERED,
    ZEROED,
    GARBLED
  }

  /** Old bytes of which some sectors were overwritten by the new ones. */
  private static byte[] mix(byte[] old, byte[] written, Random random, Mix mix) {
    byte[] mixed = Arrays.copyOf(old, Math.max(old.length, written.length));
    int tear = random.nextInt(written.length / SECTOR + 1);
    for (int from = 0; from < written.length; from += SECTOR) {
      int length = Math.min(SECTOR, written.length - from);
      boolean same = from + length <= old.length && Arrays.equals(old, from, from + length, written, from, from + length);
      if (same || (mix == Mix.TORN ? from / SECTOR < tear : random.nextBoolean())) {
        System.arraycopy(written, from, mixed, from, length);
      } else if (mix == Mix.TORN) {
        return from < old.length ? mixed : Arrays.copyOf(mixed, Math.max(old.length, from));
      } else if (mix == Mix.ZEROED) {
        Arrays.fill(mixed, from, from + length, (byte) 0);
      } else if (mix == Mix.GARBLED) {
        var garbage = new byte[length];
        random.nextBytes(garbage);
        System.arraycopy(garbage, 0, mixed, from, length);
      }
    }
    return mixed;
  }

  /** Sweeps what the n-th transaction among {@code images} has done to the log. */
  private int sweepLog(List<Image> images, String log, int transaction, long commit) throws IOException {
    int at = 0;
    for (int n = 0; n < transaction; ) {
      at++;
      n += images.get(at).after.equals("a transaction") ? 1 : 0;
    }
    Image before = images.get(at - 1);
    byte[] old = before.database(log);
    byte[] written = images.get(at).database(log);
    int changed = Arrays.mismatch(old, written) / SECTOR;
    int points = 0;
    var seen = new long[5];
    for (Mix mix : Mix.values()) {
      int tries = mix == Mix.TORN ? written.length / SECTOR - changed + 1 : 50;
      for (int i = 0; i < tries; i++) {
        byte[] torn = mix == Mix.TORN
            ? overwritten(old, written, (changed + i) * SECTOR)
            : mix(old, written, new Random(i), mix);
        Path lost = next();
        before.write(lost, Loss.NONE, new Random(0));
        Files.write(lost.resolve(log), torn);
        long expected;
        try (Store store = Store.open(lost, Access.READ)) {
          expected = store.head().map(Commit::id).orElse(0L);
        }
        String place = mix + " log, " + i;
        assertTrue(expected == commit || expected == commit - 1, place + " is commit " + expected);
        assertTrue(!Arrays.equals(torn, written) || expected == commit, place);
        check(lost, expected, place);
        seen[(int) expected]++;
        delete(lost);
        points++;
      }
    }
    assertTrue(seen[(int) commit] > 0 && seen[(int) commit - 1] > 0, Arrays.toString(seen));
    return points;
  }

  private static byte[] overwritten(byte[] old, byte[] written, int until) {
    byte[] torn = Arrays.copyOf(old, Math.max(old.length, Math.min(until, written.length)));
    System.arraycopy(written, 0, torn, 0, Math.min(until, written.length));
    return torn;
  }
}
