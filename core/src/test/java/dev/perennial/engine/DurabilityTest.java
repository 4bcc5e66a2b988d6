package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.store.Access;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.stream.Experience;
import dev.perennial.tune.TinyImages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Runs whose snapshots are taken in all ways: the same state, durable in order, and never too far behind. */
@Tag("heavy")
final class DurabilityTest {

  private static final double UNLIMITED = Double.POSITIVE_INFINITY;

  @TempDir Path dir;
  private Path images = Path.of("");

  @BeforeEach
  void writeImages() throws IOException {
    images = TinyImages.write(dir.resolve("images"));
  }

  private RunSpec spec() {
    var data = new DataSpec(List.of(images.toString()), null, null, null, null, null, List.of(), 0, 0, 0, false);
    return RunSpec.of(data, 3).withTechnique("replay").withOption("epochs", "6").withThreads(1);
  }

  /** What a run has told: positions as they became durable with the digests of their states, and how far behind they were. */
  private static final class Told implements RunListener {
    private final Path store;
    private final Map<Position, String> digests = new HashMap<>();
    private final List<Long> commits = new ArrayList<>();
    private final List<Position> positions = new ArrayList<>();
    private long stepped;
    private long mostBehind;
    private long stopAfter = Long.MAX_VALUE;

    Told(Path store) {
      this.store = store;
    }

    @Override
    public void stepped(Experience experience, long step, long steps) {
      if (++stepped == stopAfter) {
        throw new IllegalStateException("stopped");
      }
    }

    @Override
    public void committed(long commit) {
      commits.add(commit);
      try (Store reader = Store.open(store, Access.READ); StoredParts parts = reader.openHead().orElseThrow()) {
        positions.add(parts.commit().position());
        digests.put(parts.commit().position(), StateDigest.of(parts.parts().values()));
      }
    }

    @Override
    public void behind(long steps) {
      mostBehind = Math.max(mostBehind, steps);
    }
  }

  private Told learn(String name, SnapshotOptions options) {
    Path store = dir.resolve(name);
    var told = new Told(store);
    try (Run run = Run.create(spec(), store, options, Clock.systemUTC(), told)) {
      run.execute();
    }
    return told;
  }

  private static String digest(Path store) {
    try (Store reader = Store.open(store, Access.READ); StoredParts parts = reader.openHead().orElseThrow()) {
      return StateDigest.of(parts.parts().values());
    }
  }

  @Test
  void execute_asynchronously_passesThroughTheStatesOfARunThatWaits() {
    Told waiting = learn("sync", new SnapshotOptions(Durability.SYNC, 1, 1000, UNLIMITED));
    assertEquals(0, waiting.mostBehind);
    assertEquals(waiting.stepped, waiting.commits.size());
    Told ahead = learn("async", new SnapshotOptions(Durability.ASYNC, 2, 7, UNLIMITED));
    assertEquals(digest(dir.resolve("sync")), digest(dir.resolve("async")));
    assertTrue(ahead.mostBehind <= 7, ahead.mostBehind + " steps behind");
    assertEquals(ahead.commits.stream().sorted().toList(), ahead.commits);
    for (Position position : ahead.positions) {
      assertEquals(waiting.digests.get(position), ahead.digests.get(position), position.toString());
    }
  }

  /** Stopped after some step, with a slow disk: what is found is a state that was passed through, not far behind. */
  @ParameterizedTest
  @CsvSource({"5,3", "26,8", "31,1"})
  void resume_stoppedWhileBehind_goesOnFromAPrefixWithinTheBound(long stop, long mostBehind) {
    Told whole = learn("whole", new SnapshotOptions(Durability.SYNC, 1, 1000, UNLIMITED));
    Path store = dir.resolve("stopped");
    Path copy = dir.resolve("copy");
    var told = new Told(store);
    told.stopAfter = stop;
    var options = new SnapshotOptions(Durability.ASYNC, 2, mostBehind, 2e6);
    try (Run run = Run.create(spec(), store, options, Clock.systemUTC(), told)) {
      assertThrows(IllegalStateException.class, run::execute);
      copyAsKilled(store, copy);
    }
    Position found;
    try (Store reader = Store.open(copy, Access.READ)) {
      found = reader.head().map(commit -> commit.position()).orElse(Position.START);
    }
    long done = found.equals(Position.START) ? 0 : whole.positions.indexOf(found) + 1;
    assertTrue(done > 0 || found.equals(Position.START), found + " was never passed through");
    assertTrue(stop - done <= mostBehind, done + " of " + stop + " steps are durable");
    var onwards = new Told(copy);
    try (Run run = Run.resume(copy, null, options, Clock.systemUTC(), onwards)) {
      run.execute();
    }
    assertEquals(whole.stepped - done, onwards.stepped);
    assertEquals(digest(dir.resolve("whole")), digest(copy));
  }

  /** A copy made while nothing is being renamed: blobs first would miss some, so the database goes first. */
  private static void copyAsKilled(Path store, Path copy) {
    try {
      Files.createDirectories(copy.resolve("blobs"));
      for (String name : List.of("perennial.db", "perennial.db-wal")) {
        Files.copy(store.resolve(name), copy.resolve(name));
      }
      try (var blobs = Files.list(store.resolve("blobs"))) {
        for (Path blob : blobs.filter(file -> file.toString().endsWith(".safetensors")).toList()) {
          Files.copy(blob, copy.resolve("blobs").resolve(blob.getFileName().toString()));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void resume_fellBack_isTold() throws IOException {
    learn("store", new SnapshotOptions(Durability.SYNC, 5, 1000, UNLIMITED));
    Path store = dir.resolve("store");
    try (Store reader = Store.open(store, Access.READ)) {
      var head = reader.head().orElseThrow();
      var before = reader.commits().get(1);
      for (var part : head.parts()) {
        if (!before.parts().contains(part)) {
          Files.write(store.resolve("blobs").resolve(part.sha256() + ".safetensors"), new byte[3]);
        }
      }
    }
    var problems = new ArrayList<String>();
    try (Run run = Run.resume(store, null, Clock.systemUTC(), new RunListener() {
      @Override
      public void prepared(Dataset dataset, dev.perennial.stream.Stream stream) {
        assertEquals(3, stream.stages().size());
      }

      @Override
      public void fellBack(String problem) {
        problems.add(problem);
      }
    })) {
      run.execute();
    }
    assertEquals(1, problems.size());
    assertTrue(problems.getFirst().contains("is damaged") && problems.getFirst().contains("going on from commit"));
  }
}
