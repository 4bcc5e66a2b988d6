package dev.perennial.snapshot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.PartRef;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SnapshotsTest {

  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final int LARGE = 600_000;

  @TempDir Path dir;

  /** A learner's memory, which it changes in place: one large tensor, one small that stays, one part that grows. */
  private static final class Memory implements AutoCloseable {
    private final Arena arena = Arena.ofShared();
    private final MemorySegment weights = arena.allocate(4L * LARGE, 8);

    void change(int step) {
      for (int i = step % 7; i < LARGE; i += 1000) {
        weights.setAtIndex(ValueLayout.JAVA_FLOAT, i, step);
      }
    }

    List<StatePart> state(int step) {
      return List.of(
          StatePart.of("weights", Combine.WEIGHTED_MEAN,
              Map.of("w", new TensorData(Dtype.F32, List.of((long) LARGE), weights))),
          StatePart.of("origin", Combine.LATEST, Map.of("o", TensorData.of(new long[] {7}))),
          StatePart.of("memory", Combine.UNION, Map.of("m", TensorData.of(new int[step], step), "n", TensorData.of(
              new long[] {step}))));
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private static String digest(Store store, Commit commit) {
    try (StoredParts parts = store.parts(commit)) {
      return StateDigest.of(parts.parts().values());
    }
  }

  /** The learner changes its tensors right after each snapshot: what becomes durable is what they were. */
  @Test
  void take_memoryChangedAtOnce_commitsWhatWasTaken() {
    var digests = new ArrayList<String>();
    var commits = new ArrayList<Commit>();
    try (Store store = Store.create(dir, ""); var memory = new Memory();
        var snapshots = new Snapshots(store, 100, System::nanoTime)) {
      for (int step = 1; step <= 20; step++) {
        memory.change(step);
        digests.add(StateDigest.of(memory.state(step)));
        snapshots.take(new Position(0, step), memory.state(step), Map.of("step", "" + step), NOON)
            .ifPresent(commits::add);
        memory.weights.fill((byte) step);
      }
      snapshots.settle().ifPresent(commits::add);
      assertEquals(Optional.empty(), snapshots.settle());
      assertEquals(20, snapshots.figures().taken());
      assertEquals(commits.reversed(), store.commits());
      for (int step = 1; step <= 20; step++) {
        Commit commit = commits.get(step - 1);
        assertEquals(new Position(0, step), commit.position());
        assertEquals(step - 1, commit.parent());
        assertEquals(Map.of("step", "" + step), commit.documents());
        assertEquals(digests.get(step - 1), digest(store, commit));
      }
    }
  }

  @Test
  void take_partUnchanged_keepsItsBlobAndItsMemory() {
    try (Store store = Store.create(dir, ""); var memory = new Memory();
        var snapshots = new Snapshots(store, 100, System::nanoTime)) {
      memory.change(1);
      snapshots.take(new Position(0, 1), memory.state(1), Map.of(), NOON);
      Commit first = snapshots.settle().orElseThrow();
      long bytes = snapshots.bytes();
      snapshots.take(new Position(0, 2), memory.state(1), Map.of(), NOON);
      Commit second = snapshots.settle().orElseThrow();
      assertEquals(first.parts(), second.parts());
      memory.change(2);
      snapshots.take(new Position(0, 3), memory.state(1), Map.of(), NOON);
      Commit third = snapshots.settle().orElseThrow();
      assertEquals(
          List.of("weights"),
          third.parts().stream().filter(ref -> !second.parts().contains(ref)).map(PartRef::name).toList());
      assertEquals(bytes, snapshots.bytes());
      // A single bit of the last byte is a change, and so is the way back.
      byte last = memory.weights.get(ValueLayout.JAVA_BYTE, 4L * LARGE - 1);
      memory.weights.set(ValueLayout.JAVA_BYTE, 4L * LARGE - 1, (byte) (last ^ 1));
      snapshots.take(new Position(0, 4), memory.state(1), Map.of(), NOON);
      assertEquals(StateDigest.of(memory.state(1)), digest(store, snapshots.settle().orElseThrow()));
      memory.weights.set(ValueLayout.JAVA_BYTE, 4L * LARGE - 1, last);
      snapshots.take(new Position(0, 5), memory.state(1), Map.of(), NOON);
      assertEquals(third.parts(), snapshots.settle().orElseThrow().parts());
    }
  }

  @Test
  void take_partsComeGrowAndGo_areWhatTheyAre() {
    try (Store store = Store.create(dir, ""); var snapshots = new Snapshots(store, 3, System::nanoTime)) {
      for (int step = 0; step < 40; step++) {
        var state = new ArrayList<StatePart>();
        if (step % 3 != 0) {
          state.add(StatePart.of("some", Combine.SUM, Map.of("t" + step % 2, TensorData.of(new int[step * 100], step, 100))));
        }
        state.add(StatePart.of("empty", Combine.SUM, Map.of()));
        state.add(StatePart.of("other", Combine.SUM, Map.of("n", TensorData.of(new double[] {step / 4}, 1))));
        snapshots.take(new Position(0, step), state, Map.of(), NOON);
        Commit commit = snapshots.settle().orElseThrow();
        assertEquals(StateDigest.of(state), digest(store, commit), "step " + step);
      }
      assertEquals(3, store.commits().stream().filter(commit -> !commit.collected()).count());
    }
  }

  /** A snapshot that cannot be written is told to whoever asks next; nothing is acknowledged, and nothing is lost. */
  @Test
  void take_storeThatFails_saysSoAndStaysAtTheOneBefore() throws IOException {
    try (Store store = Store.create(dir, ""); var memory = new Memory();
        var snapshots = new Snapshots(store, 2, System::nanoTime)) {
      snapshots.take(new Position(0, 1), memory.state(1), Map.of(), NOON);
      Commit first = snapshots.settle().orElseThrow();
      String digest = StateDigest.of(memory.state(1));
      Path blobs = dir.resolve("blobs");
      Files.move(blobs, dir.resolve("elsewhere"));
      Files.writeString(blobs, "in the way");
      memory.change(2);
      snapshots.take(new Position(0, 2), memory.state(2), Map.of(), NOON);
      assertThrows(FailureException.class, snapshots::settle);
      Files.delete(blobs);
      Files.move(dir.resolve("elsewhere"), blobs);
      assertEquals(Optional.of(first), store.head());
      assertEquals(digest, digest(store, first));
      snapshots.take(new Position(0, 3), memory.state(3), Map.of(), NOON);
      assertEquals(StateDigest.of(memory.state(3)), digest(store, snapshots.settle().orElseThrow()));
    }
  }

  @Test
  void close_oneInFlight_makesItDurable() {
    try (Store store = Store.create(dir, ""); var memory = new Memory()) {
      store.limit(20e6);
      var snapshots = new Snapshots(store, 2, System::nanoTime);
      snapshots.take(new Position(0, 1), memory.state(1), Map.of(), NOON);
      assertTrue(snapshots.isBusy());
      assertEquals(Optional.empty(), snapshots.poll());
      snapshots.close();
      assertFalse(snapshots.isBusy());
    }
    try (Store store = Store.open(dir, Access.READ)) {
      assertEquals(1, store.head().orElseThrow().id());
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    double unlimited = Double.POSITIVE_INFINITY;
    assertThrows(UsageException.class, () -> new SnapshotOptions(Durability.ASYNC, -1, 1, unlimited));
    assertThrows(UsageException.class, () -> new SnapshotOptions(Durability.ASYNC, 0, 0, unlimited));
    assertThrows(UsageException.class, () -> new SnapshotOptions(Durability.ASYNC, 0, 1, 0));
    assertThrows(UsageException.class, () -> new SnapshotOptions(Durability.ASYNC, 0, 1, Double.NaN));
    assertThrows(UsageException.class, () -> Durability.of("later"));
    assertEquals(Durability.ASYNC, Durability.of("async"));
  }
}
