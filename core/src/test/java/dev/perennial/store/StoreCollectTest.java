package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreCollectTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir Path dir;

  @Test
  void collect_keepTwo_leavesJustTheirBlobsAndAllRows() throws IOException {
    try (Store store = Store.create(dir, "")) {
      for (int i = 1; i <= 5; i++) {
        store.commit(new Position(i, i), States.small(i), Map.of("d", "" + i), NOON);
      }
      long before = size();
      long freed = store.collect(2);
      assertEquals(before - size(), freed);
      assertTrue(freed > 0);
      var wanted = new HashSet<String>();
      store.commits().stream().limit(2).flatMap(c -> c.parts().stream()).forEach(ref -> wanted.add(ref.sha256()));
      assertEquals(wanted, blobs());
      assertEquals(List.of(5L, 4L, 3L, 2L, 1L), store.commits().stream().map(Commit::id).toList());
      assertEquals(
          List.of(false, false, true, true, true), store.commits().stream().map(Commit::collected).toList());
      assertEquals("3", store.commits().get(2).documents().get("d"));
      assertEquals(StateDigest.of(States.small(4)), States.digest(store, store.commits().get(1)));
      var failure = assertThrows(FailureException.class, () -> store.parts(store.commits().get(2)));
      assertTrue(String.valueOf(failure.getMessage()).contains("commit 3"), failure.getMessage());
      assertEquals(List.of(), store.verify());
      assertEquals(0, store.collect(2));
    }
  }

  @Test
  void collect_sharedBlob_staysUntilNobodyNeedsIt() throws IOException {
    try (Store store = Store.create(dir, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      store.commit(Position.START, States.small(2), Map.of(), NOON);
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      store.collect(1);
      assertEquals(2, blobs().size());
      assertEquals(StateDigest.of(States.small(1)), States.digest(store, store.head().orElseThrow()));
      store.commit(Position.START, List.of(), Map.of(), NOON);
      store.collect(1);
      assertEquals(Set.of(), blobs());
      Commit again = store.commit(Position.START, States.small(1), Map.of(), NOON);
      assertEquals(StateDigest.of(States.small(1)), States.digest(store, again));
    }
  }

  @Test
  void collect_openParts_stayReadable() {
    try (Store store = Store.create(dir, "")) {
      Commit first = store.commit(Position.START, States.small(1), Map.of(), NOON);
      try (StoredParts parts = store.parts(first)) {
        store.commit(Position.START, States.small(2), Map.of(), NOON);
        store.collect(1);
        assertEquals(StateDigest.of(States.small(1)), StateDigest.of(parts.parts().values()));
      }
    }
  }

  @Test
  void collect_damagedNewest_keepsItAndWhatIsFallenBackTo() throws IOException {
    try (Store store = Store.create(dir, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      Commit newest = store.commit(Position.START, States.small(2), Map.of(), NOON);
      Path blob = dir.resolve("blobs").resolve(newest.parts().get(1).sha256() + ".safetensors");
      byte[] good = Files.readAllBytes(blob);
      Files.write(blob, new byte[3]);
      store.collect(1);
      assertEquals(1, store.head().orElseThrow().id());
      Files.write(blob, good);
      assertEquals(2, store.head().orElseThrow().id());
    }
  }

  @Test
  void collect_keepNone_isRefused() {
    try (Store store = Store.create(dir, "")) {
      assertThrows(UsageException.class, () -> store.collect(0));
      assertEquals(0, store.collect(1));
      assertFalse(store.head().isPresent());
    }
  }

  private Set<String> blobs() throws IOException {
    try (var files = Files.list(dir.resolve("blobs"))) {
      var names = new HashSet<String>();
      files.forEach(file -> names.add(file.getFileName().toString().replace(".safetensors", "")));
      return names;
    }
  }

  private long size() throws IOException {
    long size = 0;
    try (var files = Files.list(dir.resolve("blobs"))) {
      for (Path file : files.toList()) {
        size += Files.size(file);
      }
    }
    return size;
  }
}
