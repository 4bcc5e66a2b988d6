package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of a store changed behind its back: always noticed, never taken for what was written. */
final class StoreDamageTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  /** What can happen to a file. */
  enum Harm {
    FLIP,
    CUT,
    GROW,
    ZERO,
    DELETE
  }

  /** A store of two commits, and one with nothing to fall back to; each try leaves them as they were. */
  private static Path two = Path.of("");

  private static Path one = Path.of("");

  @BeforeContainer
  static void makeStores() throws IOException {
    two = Files.createTempDirectory("two");
    try (Store store = Store.create(two, "spec")) {
      store.commit(new Position(1, 1), States.small(1), Map.of("d", "1"), NOON);
      store.commit(new Position(2, 2), States.small(2), Map.of("d", "2"), NOON);
    }
    one = Files.createTempDirectory("one");
    try (Store store = Store.create(one, "spec")) {
      store.commit(new Position(1, 1), States.small(1), Map.of(), NOON);
    }
  }

  @AfterContainer
  static void deleteStores() throws IOException {
    for (Path dir : List.of(one, two)) {
      try (var files = Files.walk(dir)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Property(tries = 150)
  void head_newestBlobHarmed_fallsBackAndSaysSo(
      @ForAll Harm harm, @ForAll @IntRange(max = 1 << 20) int place, @ForAll @IntRange(max = 7) int bit)
      throws IOException {
    Commit newest;
    try (Store store = Store.open(two, Access.READ)) {
      newest = store.head().orElseThrow();
    }
    PartRef ref = newest.parts().get(1);
    Path blob = two.resolve("blobs").resolve(ref.sha256() + ".safetensors");
    byte[] good = Files.readAllBytes(blob);
    harm(blob, good, harm, place, bit);
    try (Store store = Store.open(two, Access.READ)) {
      assertEquals(1, store.head().orElseThrow().id());
      String fallback = store.fallback().orElseThrow();
      assertTrue(fallback.contains(blob.toString()) && fallback.contains("going on from commit 1"), fallback);
      assertEquals(StateDigest.of(States.small(1)), States.digest(store, store.head().orElseThrow()));
      var failure = assertThrows(FailureException.class, () -> store.parts(newest));
      assertTrue(String.valueOf(failure.getMessage()).contains(blob.toString()), failure.getMessage());
      List<Damage> damage = store.verify();
      assertEquals(List.of(2L), damage.stream().map(Damage::commit).toList());
      assertTrue(damage.get(0).problem().contains("expected"), damage.toString());
    } finally {
      Files.write(blob, good);
    }
    try (Store store = Store.open(two, Access.READ)) {
      assertEquals(Optional.of(newest), store.head());
      assertEquals(Optional.empty(), store.fallback());
    }
  }

  @Property(tries = 60)
  void head_onlyCommitHarmed_failsWithFileAndDigests(
      @ForAll Harm harm, @ForAll @IntRange(max = 1 << 20) int place, @ForAll @IntRange(max = 7) int bit)
      throws IOException {
    PartRef ref;
    try (Store store = Store.open(one, Access.READ)) {
      ref = store.head().orElseThrow().parts().get(0);
    }
    Path blob = one.resolve("blobs").resolve(ref.sha256() + ".safetensors");
    byte[] good = Files.readAllBytes(blob);
    harm(blob, good, harm, place, bit);
    try (Store store = Store.open(one, Access.READ)) {
      String message = String.valueOf(assertThrows(FailureException.class, store::head).getMessage());
      assertTrue(message.contains(blob.toString()) && message.contains("expected"), message);
      assertTrue(harm != Harm.FLIP || message.matches(".*expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64};.*"), message);
      assertFalse(message.contains("\n"));
      assertThrows(FailureException.class, store::fallback);
      assertFalse(store.verify().isEmpty());
    } finally {
      Files.write(blob, good);
    }
  }

  /** Any bit of the database: a clear refusal, or a commit exactly as it was written. */
  @Property(tries = 400)
  void head_databaseBitFlipped_isRefusedOrAnOriginalCommit(
      @ForAll @IntRange(max = 1 << 20) int place, @ForAll @IntRange(max = 7) int bit) throws IOException {
    List<Commit> originals;
    try (Store store = Store.open(two, Access.READ)) {
      originals = store.commits();
    }
    Path database = two.resolve("perennial.db");
    byte[] good = Files.readAllBytes(database);
    harm(database, good, Harm.FLIP, place, bit);
    try (Store store = Store.open(two, Access.READ)) {
      store.head().ifPresent(head -> assertTrue(originals.contains(head), head.toString()));
      assertEquals("spec", store.spec());
      store.verify();
    } catch (PerennialException e) {
      assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
    } finally {
      Files.deleteIfExists(two.resolve("perennial.db-wal"));
      Files.deleteIfExists(two.resolve("perennial.db-shm"));
      Files.write(database, good);
    }
  }

  @Test
  void head_rowChanged_fallsBackWithBothDigests(@TempDir Path dir) throws SQLException {
    for (String change :
        List.of(
            "UPDATE documents SET text = '3' WHERE commit_id = 2",
            "UPDATE commits SET step = 9 WHERE id = 2",
            "UPDATE commits SET time = 'noon' WHERE id = 2",
            "UPDATE commits SET experience = 99999999999 WHERE id = 2",
            "UPDATE parts SET combine = 'ADD' WHERE commit_id = 2",
            "UPDATE parts SET sha256 = (SELECT sha256 FROM parts WHERE commit_id = 1 AND name = 'statistics')"
                + " WHERE commit_id = 2 AND name = 'statistics'",
            "DELETE FROM parts WHERE commit_id = 2 AND name = 'brick'")) {
      Path place = dir.resolve(Integer.toHexString(change.hashCode()));
      try (Store store = Store.create(place, "")) {
        store.commit(new Position(1, 1), States.small(1), Map.of("d", "1"), NOON);
        store.commit(new Position(2, 2), States.small(2), Map.of("d", "2"), NOON);
      }
      try (var database = DriverManager.getConnection("jdbc:sqlite:" + place.resolve("perennial.db"));
          var statement = database.createStatement()) {
        statement.executeUpdate(change);
      }
      try (Store store = Store.open(place, Access.WRITE)) {
        assertEquals(1, store.head().orElseThrow().id(), change);
        assertTrue(store.fallback().orElseThrow().contains("commit 2"), change);
        assertEquals(List.of(2L), store.verify().stream().map(Damage::commit).toList());
        Commit third = store.commit(new Position(2, 2), States.small(2), Map.of(), NOON);
        assertEquals(3, third.id());
        assertEquals(1, third.parent());
        assertEquals(List.of(3L, 1L), store.commits().stream().map(Commit::id).toList());
        assertEquals(Optional.empty(), store.fallback());
      }
    }
  }

  @Test
  void parts_blobHarmedWhileOpen_isNoticedAndHeadFallsBack(@TempDir Path dir) throws IOException {
    try (Store store = Store.create(dir, "")) {
      store.commit(new Position(1, 1), States.small(1), Map.of(), NOON);
      Commit newest = store.commit(new Position(2, 2), States.small(2), Map.of(), NOON);
      PartRef ref = newest.parts().get(1);
      Path blob = dir.resolve("blobs").resolve(ref.sha256() + ".safetensors");
      byte[] bytes = Files.readAllBytes(blob);
      bytes[bytes.length - 1] ^= 1;
      Files.write(blob, bytes);
      String message = String.valueOf(assertThrows(FailureException.class, () -> store.parts(newest)).getMessage());
      assertTrue(message.contains("expected SHA-256 " + ref.sha256() + ", found "), message);
      assertEquals(1, store.head().orElseThrow().id());
    }
  }

  @Test
  void spec_changed_isNoticed(@TempDir Path dir) throws SQLException {
    Store.create(dir, "one").close();
    try (var database = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = database.createStatement()) {
      statement.executeUpdate("UPDATE store SET spec = 'two'");
    }
    try (Store store = Store.open(dir, Access.READ)) {
      assertThrows(FailureException.class, store::spec);
      List<Damage> damage = store.verify();
      assertEquals(List.of(0L, 0L), damage.stream().map(Damage::commit).toList());
      assertTrue(damage.get(0).problem().contains("the spec"), damage.toString());
      assertTrue(damage.get(1).problem().contains("perennial.db: expected SHA-256"), damage.toString());
    }
  }

  private static void harm(Path file, byte[] good, Harm harm, int place, int bit) throws IOException {
    byte[] bytes = good.clone();
    switch (harm) {
      case FLIP -> bytes[place % bytes.length] ^= (byte) (1 << bit);
      case CUT -> bytes = Arrays.copyOf(bytes, place % bytes.length);
      case GROW -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + place % 5000);
      case ZERO -> Arrays.fill(bytes, (byte) 0);
      case DELETE -> {
        Files.delete(file);
        return;
      }
    }
    Files.write(file, bytes);
  }
}
