package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

final class BackupTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final List<String> BESIDE = List.of("library");

  @TempDir Path dir;
  private Path from = Path.of("");
  private Path backup = Path.of("");
  private Path to = Path.of("");

  @BeforeEach
  void name() {
    from = dir.resolve("a störe");
    backup = dir.resolve("the bäckup");
    to = dir.resolve("ågain");
  }

  private void fill(int commits) {
    try (Store store = Files.exists(from) ? Store.open(from, Access.WRITE) : Store.create(from, "the spec")) {
      for (int i = 0; i < commits; i++) {
        long step = store.head().map(head -> head.position().step()).orElse(0L) + 1;
        store.commit(new Position(1, step), States.at(step), Map.of("step", "" + step), NOON);
      }
    }
  }

  private Backup.Summary write() {
    return Backup.write(from, BESIDE, backup, NOON, (done, of) -> {});
  }

  private Backup.Summary restore() {
    return Backup.restore(backup, to, (done, of) -> {});
  }

  private static String digest(Path store, long id) {
    try (Store open = Store.open(store, Access.READ)) {
      return States.digest(open, open.log().stream().filter(commit -> commit.id() == id).findFirst().orElseThrow());
    }
  }

  @Test
  void restore_ofBackup_hasEveryCommitAndGoesOn() throws IOException {
    fill(3);
    Path brick = from.resolve("library/theirs/brick.safetensors");
    Files.createDirectories(brick.getParent());
    Files.writeString(brick, "tensors");
    Files.writeString(Files.createDirectories(from.resolve("library/.half.tmp")).resolve("x"), "half");
    Backup.Summary written = write();
    assertEquals(3, written.commit());
    assertEquals(3, written.commits());
    assertEquals(List.of(), written.leftOut());
    Backup.Summary restored = restore();
    assertEquals(written.files(), restored.files());
    assertEquals(written.bytes(), restored.bytes());
    assertEquals("tensors", Files.readString(to.resolve("library/theirs/brick.safetensors")));
    assertFalse(Files.exists(to.resolve("library/.half.tmp")));
    try (Store store = Store.open(to, Access.WRITE)) {
      assertEquals("the spec", store.spec());
      assertEquals(List.of(), store.verify());
      assertEquals(List.of(3L, 2L, 1L), store.commits().stream().map(Commit::id).toList());
      assertEquals(StateDigest.of(States.at(3)), States.digest(store, store.head().orElseThrow()));
      assertEquals(4, store.commit(new Position(1, 4), States.at(4), Map.of(), NOON).id());
    }
    assertEquals(Set.of("a störe", "the bäckup", "ågain"), names(dir));
  }

  private static Set<String> names(Path directory) throws IOException {
    try (var entries = Files.list(directory)) {
      return entries.map(entry -> entry.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void write_again_copiesOnlyWhatIsNew() throws IOException {
    fill(2);
    Backup.Summary first = write();
    assertEquals(first.files(), first.copied());
    fill(1);
    Backup.Summary second = write();
    // Of the third commit: statistics, memory and the database; its brick is that of the others.
    assertEquals(3, second.copied());
    assertEquals(3, second.commit());
    assertEquals(second.files(), names(backup.resolve("files")).size());
    try (Store store = Store.open(from, Access.WRITE)) {
      store.collect(1);
    }
    Backup.Summary third = write();
    assertEquals(1, third.commits());
    assertEquals(third.files(), names(backup.resolve("files")).size(), "what no commit needs any more is deleted");
    restore();
    assertEquals(StateDigest.of(States.at(3)), digest(to, 3));
  }

  @Test
  void write_whileAWriterCommitsAndCollects_isOneMomentOfIt() throws IOException, InterruptedException {
    Store.create(from, "").close();
    Process child = ChildProcess.start("commit", from);
    long last = 0;
    try (BufferedReader output = ChildProcess.output(child)) {
      assertEquals("open", output.readLine());
      for (int round = 0; round < 6; round++) {
        long acknowledged = Long.parseLong(output.readLine());
        while (output.ready()) {
          acknowledged = Long.parseLong(output.readLine());
        }
        Backup.Summary written = write();
        assertTrue(written.commit() >= acknowledged, written.commit() + " is behind " + acknowledged);
        assertEquals(List.of(), written.leftOut());
        Path restored = dir.resolve("restored" + round);
        Backup.restore(backup, restored, (done, of) -> {});
        try (Store store = Store.open(restored, Access.WRITE)) {
          Commit head = store.head().orElseThrow();
          assertEquals(written.commit(), head.id());
          assertEquals(StateDigest.of(States.at(head.id())), States.digest(store, head));
          assertEquals(List.of(), store.verify());
        }
        last = written.commit();
      }
      child.toHandle().destroyForcibly();
      child.waitFor();
    }
    assertTrue(last > 1, "the writer went on meanwhile");
  }

  @Test
  void restore_ofDamagedBackup_isRefusedNamingTheFile() throws IOException {
    fill(2);
    write();
    List<Path> files;
    try (var listed = Files.list(backup.resolve("files"))) {
      files = listed.sorted().toList();
    }
    for (Path file : files) {
      byte[] sound = Files.readAllBytes(file);
      byte[] flipped = sound.clone();
      flipped[sound.length / 2] ^= 4;
      Files.write(file, flipped);
      assertTells(FailureException.class, this::restore, file.toString(), "expected");
      Files.delete(file);
      assertTells(FailureException.class, this::restore, file.toString(), "missing");
      Files.write(file, sound);
      assertEquals(Set.of("a störe", "the bäckup"), names(dir), "nothing half made is left");
    }
    Path manifest = backup.resolve("backup.json");
    String sound = Files.readString(manifest);
    for (String damaged : List.of(sound.replace("\"commit\" : 2", "\"commit\" : 1"), sound.substring(0, 100), "null", "[]",
        sound.replace("perennial.db", "../perennial.db"), sound + "x")) {
      Files.writeString(manifest, damaged);
      assertTells(FailureException.class, this::restore, manifest.toString());
    }
    Files.writeString(manifest, sound);
    restore();
  }

  @Test
  void write_overADamagedFile_heals() throws IOException {
    fill(2);
    write();
    Path blob;
    try (Store store = Store.open(from, Access.READ)) {
      blob = backup.resolve("files").resolve(store.head().orElseThrow().parts().getFirst().sha256());
    }
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length - 1] ^= 1;
    Files.write(blob, bytes);
    assertEquals(1, write().copied());
    restore();
  }

  @Test
  void write_ofADamagedCommit_leavesItOutAndSaysSo() throws IOException {
    fill(3);
    Path blob;
    try (Store store = Store.open(from, Access.READ)) {
      blob = from.resolve("blobs").resolve(
          store.head().orElseThrow().parts().stream().filter(part -> part.name().equals("statistics")).findFirst()
              .orElseThrow().sha256() + ".safetensors");
    }
    byte[] sound = Files.readAllBytes(blob);
    byte[] bytes = sound.clone();
    bytes[bytes.length - 1] ^= 1;
    Files.write(blob, bytes);
    Backup.Summary written = write();
    assertEquals(2, written.commit());
    assertEquals(1, written.leftOut().size());
    assertTrue(written.leftOut().getFirst().startsWith("commit 3: " + blob), written.leftOut().getFirst());
    Files.delete(blob);
    assertTrue(write().leftOut().getFirst().contains("missing"));
    restore();
    try (Store store = Store.open(to, Access.WRITE)) {
      assertEquals(2, store.head().orElseThrow().id());
      assertEquals(List.of(), store.verify());
      assertEquals(4, store.commit(new Position(1, 3), States.at(3), Map.of(), NOON).id());
    }
  }

  /** Every operation of the disk fails once: the backup fails or is whole, and the one before is never lost. */
  @Test
  void write_failingAtEveryOperation_leavesTheOneBefore() throws IOException {
    fill(1);
    write();
    int operations = 0;
    for (boolean done = false; !done; operations++) {
      fill(1);
      var disk = new FailingOnce(operations);
      try {
        Backup.write(from, BESIDE, backup, NOON, (d, of) -> {}, disk);
        done = !disk.failed();
      } catch (FailureException e) {
        String message = String.valueOf(e.getMessage());
        assertTrue(message.contains("what was backed up before is as it was"), message);
      }
      Path restored = dir.resolve("restored" + operations);
      long commit = Backup.restore(backup, restored, (d, of) -> {}).commit();
      assertEquals(StateDigest.of(States.at(commit)), digest(restored, commit));
    }
    assertTrue(operations > 8, operations + " operations");
  }

  @Test
  void restore_failingAtEveryOperation_leavesNoStore() throws IOException {
    fill(2);
    write();
    int operations = 0;
    for (boolean done = false; !done; operations++) {
      var disk = new FailingOnce(operations);
      try {
        Backup.restore(backup, to, (d, of) -> {}, disk);
        done = true;
      } catch (FailureException e) {
        assertTrue(!Files.exists(to) || Files.exists(to.resolve("perennial.db")), "half a store");
        if (Files.exists(to)) {
          // The last sync alone failed: the store is there, and whole.
          assertEquals(StateDigest.of(States.at(2)), digest(to, 2));
          done = true;
        }
      }
      assertFalse(Files.exists(dir.resolve("ågain.partial")));
    }
    assertTrue(operations > 8, operations + " operations");
  }

  @Test
  void fork_thenBothGoOn_shareNothing() {
    fill(3);
    Backup.Summary made = Fork.make(from, BESIDE, OptionalLong.of(2), to, (done, of) -> {});
    assertEquals(2, made.commit());
    try (Store fork = Store.open(to, Access.WRITE);
        Store first = Store.open(from, Access.WRITE)) {
      assertEquals(List.of(2L, 1L), fork.log().stream().map(Commit::id).toList());
      assertEquals(StateDigest.of(States.at(2)), States.digest(fork, fork.head().orElseThrow()));
      assertEquals(3, fork.commit(new Position(2, 9), States.at(9), Map.of(), NOON).id());
      fork.collect(1);
      assertEquals(4, first.commit(new Position(1, 4), States.at(4), Map.of(), NOON).id());
      first.collect(1);
      assertEquals(StateDigest.of(States.at(9)), States.digest(fork, fork.head().orElseThrow()));
      assertEquals(StateDigest.of(States.at(4)), States.digest(first, first.head().orElseThrow()));
      assertEquals(List.of(), fork.verify());
      assertEquals(List.of(), first.verify());
    }
  }

  @Test
  void fork_ofWhatIsNotThere_isRefused() {
    fill(3);
    assertTells(UsageException.class, () -> fork(9), "expected a commit of the store", "got 9");
    try (Store store = Store.open(from, Access.WRITE)) {
      store.collect(1);
    }
    assertTells(FailureException.class, () -> fork(1), "given up to save space", "choose one of [3]");
    assertFalse(Files.exists(to));
    fork(3);
    assertTells(UsageException.class, () -> fork(3), "holds something");
  }

  private void fork(long commit) {
    Fork.make(from, BESIDE, OptionalLong.of(commit), to, (done, of) -> {});
  }

  @Test
  void checkout_thenCommits_goesOnFromThereAndLosesNothing() {
    fill(4);
    try (Store store = Store.open(from, Access.WRITE)) {
      Commit head = store.checkout(2, NOON);
      assertEquals(5, head.id());
      assertEquals(2, head.parent());
      assertEquals(new Position(1, 2), head.position());
      assertEquals("2", head.documents().get("step"));
      assertEquals(head, store.checkout(5, NOON));
      for (int i = 3; i < 9; i++) {
        store.commit(new Position(1, i), States.at(i), Map.of(), NOON);
        store.collect(1);
      }
      assertEquals(List.of(11L, 10L, 9L, 8L, 7L, 6L, 5L, 2L, 1L), store.commits().stream().map(Commit::id).toList());
      Commit back = store.checkout(4, NOON);
      assertEquals(StateDigest.of(States.at(4)), States.digest(store, back));
      assertEquals("11", back.documents().get(Store.CHECKOUT));
      assertTells(FailureException.class, () -> store.checkout(3, NOON), "commit 3", "given up");
      assertTells(UsageException.class, () -> store.checkout(99, NOON), "got 99");
      assertEquals(List.of(), store.verify());
    }
    write();
    restore();
    assertEquals(StateDigest.of(States.at(4)), digest(to, 12));
  }

  @Test
  void keep_asked_holdsFromTheNextCommitOn() throws IOException {
    fill(1);
    Retention.ask(from, 3);
    try (Store store = Store.open(from, Access.WRITE)) {
      for (int i = 2; i <= 5; i++) {
        store.commit(new Position(1, i), States.at(i), Map.of(), NOON);
        store.collect(2);
      }
      assertEquals(
          List.of(false, false, false, true, true), store.commits().stream().map(Commit::collected).toList());
    }
    write();
    restore();
    assertEquals(3, Retention.of(to));
    Files.writeString(from.resolve("keep"), "many");
    assertTells(FailureException.class, () -> Retention.of(from), from.resolve("keep").toString());
    assertTells(UsageException.class, () -> Retention.ask(from, 0), "got 0");
    assertTells(UsageException.class, () -> Retention.ask(dir.resolve("none"), 3), "there is none");
  }

  @Test
  void write_toAndFromWrongPlaces_isRefused() throws IOException {
    assertTells(UsageException.class, this::write, "expected a store in " + from);
    assertFalse(Files.exists(backup));
    fill(1);
    Files.createDirectories(backup);
    Files.writeString(backup.resolve("mine.txt"), "mine");
    assertTells(UsageException.class, this::write, "holds something");
    assertEquals(Set.of("mine.txt"), names(backup));
    assertTells(UsageException.class, this::restore, "expected a backup in " + backup);
    Path file = Files.writeString(dir.resolve("file"), "");
    assertTells(UsageException.class, () -> Backup.write(from, BESIDE, file, NOON, (done, of) -> {}), "the file");
  }

  @Test
  void write_ofAnEmptyStore_restoresAnEmptyStore() {
    fill(0);
    assertEquals(0, write().commit());
    restore();
    fillRestored();
  }

  private void fillRestored() {
    try (Store store = Store.open(to, Access.WRITE)) {
      assertEquals(1, store.commit(Position.START, States.small(1), Map.of(), NOON).id());
    }
  }

  private static void assertTells(
      Class<? extends PerennialException> type, Executable work, String... words) {
    String message = String.valueOf(assertThrows(type, work).getMessage());
    for (String word : words) {
      assertTrue(message.contains(word), "expected '" + word + "' in: " + message);
    }
    assertFalse(message.contains("\n"), message);
  }
}
