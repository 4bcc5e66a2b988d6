package dev.perennial.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00.123456789Z");

  @TempDir Path temp;

  @Test
  void create_newDirectory_isEmptyAndKeepsItsSpec() {
    Path dir = temp.resolve("deep/er");
    try (Store store = Store.create(dir, "{\"seed\": 1}")) {
      assertEquals(Optional.empty(), store.head());
      assertEquals(List.of(), store.commits());
      assertEquals("{\"seed\": 1}", store.spec());
    }
    try (Store store = Store.open(dir, Access.READ)) {
      assertEquals("{\"seed\": 1}", store.spec());
      assertEquals(Optional.empty(), store.fallback());
      assertEquals(List.of(), store.verify());
    }
  }

  @Test
  void commit_reopened_givesBackEverything() {
    var documents = new TreeMap<>(Map.of("ledger", "{\"seconds\": 1.5}", "classes", "[\"é\", \"重\"]"));
    Commit first;
    Commit second;
    try (Store store = Store.create(temp, "")) {
      first = store.commit(Position.START, States.at(1), Map.of(), NOON);
      second = store.commit(new Position(3, 70), States.at(2), documents, NOON.plusSeconds(1));
    }
    assertEquals(1, first.id());
    assertEquals(0, first.parent());
    try (Store store = Store.open(temp, Access.READ)) {
      assertEquals(Optional.of(second), store.head());
      assertEquals(List.of(second, first), store.commits());
      assertEquals(documents, second.documents());
      assertEquals(NOON.plusSeconds(1), second.time());
      assertEquals(new Position(3, 70), second.position());
      assertEquals(first.id(), second.parent());
      try (StoredParts parts = store.parts(second)) {
        SortedMap<String, StatePart> expected = new TreeMap<>();
        States.at(2).forEach(part -> expected.put(part.name(), part));
        assertEquals(expected, parts.parts());
        assertEquals(Combine.UNION, parts.part("memory").combine());
        assertThrows(FailureException.class, () -> parts.part("none"));
        assertThrows(FailureException.class, () -> parts.part("memory").tensor("none"));
      }
      assertEquals(StateDigest.of(States.at(1)), States.digest(store, first));
    }
  }

  @Test
  void commit_blob_isASafetensorsFileNamedByItsDigest() throws IOException, NoSuchAlgorithmException {
    try (Store store = Store.create(temp, "")) {
      PartRef ref = store.commit(Position.START, States.at(5), Map.of(), NOON).parts().get(1);
      assertEquals("memory", ref.name());
      Path blob = temp.resolve("blobs").resolve(ref.sha256() + ".safetensors");
      byte[] bytes = Files.readAllBytes(blob);
      assertEquals(ref.bytes(), bytes.length);
      assertEquals(ref.sha256(), HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes)));
      try (SafetensorsFile file = Safetensors.open(blob)) {
        assertArrayEquals(new int[] {0, 1, 2, 3, 4}, file.tensor("rows").ints());
      }
    }
  }

  @Test
  void commit_unchangedParts_writesOnlyWhatChanged() {
    var disk = new FaultyDisk();
    try (Store store = Store.create(temp, "", disk)) {
      store.commit(Position.START, States.at(1), Map.of(), NOON);
      assertEquals(3, disk.created());
      store.commit(Position.START, States.at(1), Map.of(), NOON);
      assertEquals(3, disk.created());
      store.commit(Position.START, States.at(2), Map.of(), NOON);
      assertEquals(5, disk.created());
    }
    var later = new FaultyDisk();
    try (Store store = Store.open(temp, Access.WRITE, later)) {
      store.commit(Position.START, States.at(2), Map.of(), NOON);
      assertEquals(0, later.created());
    }
  }

  @Test
  void commit_blobThereButCutOrFlipped_isWrittenAnew() throws IOException {
    Commit commit;
    try (Store store = Store.create(temp, "")) {
      commit = store.commit(Position.START, States.small(1), Map.of(), NOON);
      store.commit(Position.START, States.small(2), Map.of(), NOON);
    }
    Path brick = temp.resolve("blobs").resolve(commit.parts().get(0).sha256() + ".safetensors");
    Path statistics = temp.resolve("blobs").resolve(commit.parts().get(1).sha256() + ".safetensors");
    byte[] good = Files.readAllBytes(brick);
    byte[] flipped = good.clone();
    flipped[good.length - 1] ^= 1;
    try (Store store = Store.open(temp, Access.WRITE)) {
      store.head();
      byte[] cut = Arrays.copyOf(Files.readAllBytes(statistics), 20);
      Files.write(statistics, cut);
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      assertEquals(List.of(), store.verify());
      Files.write(brick, flipped);
    }
    try (Store store = Store.open(temp, Access.WRITE)) {
      assertThrows(FailureException.class, store::head);
      Files.write(brick, good);
      assertEquals(3, store.head().orElseThrow().id());
      assertEquals(List.of(), store.verify());
    }
  }

  @Test
  void commit_noPartsOrEmptyPart_isWhole() {
    try (Store store = Store.create(temp, "")) {
      assertEquals(List.of(), store.commit(Position.START, List.of(), Map.of(), NOON).parts());
      var empty = StatePart.of("empty", Combine.LATEST, Map.of());
      Commit commit = store.commit(Position.START, List.of(empty), Map.of(), NOON);
      try (StoredParts parts = store.parts(commit)) {
        assertEquals(empty, parts.part("empty"));
      }
    }
  }

  @Test
  void commit_twoPartsOfOneName_isRefused() {
    var part = StatePart.of("p", Combine.SUM, Map.of("t", TensorData.of(new int[] {1})));
    try (Store store = Store.create(temp, "")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> store.commit(Position.START, List.of(part, part), Map.of(), NOON));
      assertEquals(Optional.empty(), store.head());
    }
  }

  @Test
  void commit_openedToRead_isRefused() {
    Store.create(temp, "").close();
    try (Store store = Store.open(temp, Access.READ)) {
      assertThrows(
          IllegalStateException.class, () -> store.commit(Position.START, List.of(), Map.of(), NOON));
      assertThrows(IllegalStateException.class, () -> store.collect(1));
    }
  }

  @Test
  void head_whileAnotherWrites_followsTheWriter() {
    try (Store writer = Store.create(temp, "");
        Store reader = Store.open(temp, Access.READ)) {
      for (int i = 1; i <= 5; i++) {
        Commit commit = writer.commit(new Position(i, i), States.small(i), Map.of(), NOON);
        assertEquals(Optional.of(commit), reader.head());
        assertEquals(StateDigest.of(States.small(i)), States.digest(reader, commit));
      }
    }
  }

  @Test
  void commit_clockGoesBack_isInTheOrderOfWriting() {
    try (Store store = Store.create(temp, "")) {
      Commit first = store.commit(new Position(1, 1), States.small(1), Map.of(), NOON);
      Commit second = store.commit(new Position(2, 2), States.small(2), Map.of(), NOON.minusSeconds(86_400));
      Commit third = store.commit(new Position(3, 3), States.small(3), Map.of(), Instant.EPOCH);
      assertEquals(List.of(third, second, first), store.commits());
      store.collect(2);
    }
    try (Store store = Store.open(temp, Access.READ)) {
      assertEquals(3, store.head().orElseThrow().id());
      assertEquals(Instant.EPOCH, store.head().orElseThrow().time());
      assertEquals(StateDigest.of(States.small(2)), States.digest(store, store.commits().get(1)));
    }
  }

  @Test
  void commit_unchangedPartsNamed_areNotReadAndTheOthersAre() {
    var disk = new FaultyDisk();
    try (Store store = Store.create(temp, "", disk)) {
      Commit first = store.commit(Position.START, States.at(1), Map.of(), NOON);
      assertEquals(3, disk.created());
      PartRef brick = first.parts().get(0);
      List<StatePart> parts = States.at(2);
      // What is said to be unchanged is taken at its word, so it is not looked at: here it is something else.
      var other = StatePart.of("brick", Combine.WEIGHTED_MEAN, Map.of("a", TensorData.of(new float[] {9}, 1)));
      Commit second = store.commit(
          Position.START, List.of(other, parts.get(1), parts.get(2)), Map.of("brick", brick), Map.of(), NOON);
      assertEquals(5, disk.created());
      assertEquals(StateDigest.of(States.at(2)), States.digest(store, second));
    }
  }

  @Test
  void open_networkFileSystem_isRefusedToWritersOnly() {
    Store.create(temp, "").close();
    for (String type : List.of("nfs4", "cifs", "smb3", "fuse.sshfs")) {
      var disk = new FaultyDisk() {
        @Override
        public String fileSystem(Path directory) {
          return type;
        }
      };
      String line = " would be written on a network file system (" + type + "), whose locks and syncs cannot be relied on:"
          + " keep it on a disk of this machine, and copies elsewhere";
      Path isNew = temp.resolve("a/new");
      assertEquals(
          "the store " + temp + line,
          assertThrows(FailureException.class, () -> Store.open(temp, Access.WRITE, disk)).getMessage());
      assertEquals(
          "the store " + isNew + line,
          assertThrows(FailureException.class, () -> Store.create(isNew, "", disk)).getMessage());
      assertFalse(Files.exists(temp.resolve("a")));
      Store.open(temp, Access.READ, disk).close();
    }
  }

  @Test
  void parts_closedStore_stayUntilTheyAreClosed() {
    StoredParts parts;
    try (Store store = Store.create(temp, "")) {
      parts = store.parts(store.commit(Position.START, States.small(7), Map.of(), NOON));
    }
    TensorData count = parts.part("statistics").tensor("n");
    assertEquals(TensorData.of(new long[] {7}), count);
    parts.close();
    parts.close();
    assertThrows(IllegalStateException.class, count::longs);
  }

  @Test
  void close_twice_leavesTheNextWriterAlone() {
    Store first = Store.create(temp, "");
    first.close();
    try (Store second = Store.open(temp, Access.WRITE)) {
      first.close();
      var refusal = assertThrows(FailureException.class, () -> Store.open(temp, Access.WRITE));
      assertTrue(String.valueOf(refusal.getMessage()).contains("in this process"), refusal.getMessage());
      assertEquals(1, second.commit(Position.START, States.small(1), Map.of(), NOON).id());
    }
  }

  @Test
  void commit_interruptedThread_failsInOneLineAndStays() {
    try (Store store = Store.create(temp, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      Thread.currentThread().interrupt();
      var failure =
          assertThrows(
              FailureException.class, () -> store.commit(Position.START, States.small(2), Map.of(), NOON));
      assertTrue(Thread.interrupted());
      assertEquals(
          "cannot commit to the store " + temp + ": the thread was interrupted; the store stays at commit 1: check the"
              + " disk and its space, and commit again",
          failure.getMessage());
      assertEquals(2, store.commit(Position.START, States.small(2), Map.of(), NOON).id());
    }
  }

  @Test
  void head_interruptedThread_isStillTheNewest() {
    try (Store store = Store.create(temp, "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
      store.commit(Position.START, States.small(2), Map.of(), NOON);
    }
    try (Store store = Store.open(temp, Access.READ)) {
      Thread.currentThread().interrupt();
      assertEquals(2, store.head().orElseThrow().id());
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void create_storeThere_isRefusedAndKept() {
    try (Store store = Store.create(temp, "one")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    var refusal = assertThrows(UsageException.class, () -> Store.create(temp, "two"));
    assertEquals(
        "the directory " + temp + " already holds a store: resume it, or choose another directory",
        refusal.getMessage());
    try (Store store = Store.open(temp, Access.READ)) {
      assertEquals("one", store.spec());
      assertEquals(1, store.head().orElseThrow().id());
    }
  }

  @Test
  void create_fileInTheWay_saysSoInOneLine() throws IOException {
    Path file = Files.writeString(temp.resolve("taken"), "x", UTF_8);
    for (Path place : List.of(file, file.resolve("below"))) {
      var failure = assertThrows(FailureException.class, () -> Store.create(place, ""));
      String message = String.valueOf(failure.getMessage());
      assertTrue(message.startsWith("cannot make a store in " + place + ": "), message);
      assertFalse(message.contains("\n"));
    }
    assertEquals("x", Files.readString(file));
  }

  @Test
  void open_noStore_saysSo() throws IOException {
    Path none = temp.resolve("none");
    for (Access access : Access.values()) {
      var refusal = assertThrows(UsageException.class, () -> Store.open(none, access));
      assertEquals(
          "expected a store in " + none + ", there is none: check the path, or make one", refusal.getMessage());
    }
    try (var files = Files.list(temp)) {
      assertEquals(List.of(), files.toList());
    }
  }

  @Test
  void open_oddDirectoryName_works() {
    Path dir = temp.resolve("a ?b#c%20d;é&mode=memory'\"");
    try (Store store = Store.create(dir, "odd")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    assertTrue(Files.exists(dir.resolve("perennial.db")));
    try (Store store = Store.open(dir, Access.READ)) {
      assertEquals("odd", store.spec());
      assertEquals(List.of(), store.verify());
    }
  }

  @Test
  void open_writeProtectedDirectory_readsAfterGoodEnd() throws IOException {
    try (Store store = Store.create(temp.resolve("s"), "")) {
      store.commit(Position.START, States.small(1), Map.of(), NOON);
    }
    List<Path> files;
    try (var all = Files.walk(temp.resolve("s"))) {
      files = all.toList();
    }
    files.forEach(file -> assertTrue(file.toFile().setWritable(false)));
    try (Store store = Store.open(temp.resolve("s"), Access.READ)) {
      assertEquals(StateDigest.of(States.small(1)), States.digest(store, store.head().orElseThrow()));
    } finally {
      files.forEach(file -> assertTrue(file.toFile().setWritable(true)));
    }
  }
}
