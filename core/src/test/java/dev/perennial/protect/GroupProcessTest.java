package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Groups of real processes, of which some are killed. */
final class GroupProcessTest {

  private static final long MOST = 64 << 20;
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");

  @TempDir private Path dir;

  private static byte[] snapshot(long number) {
    byte[] bytes = new byte[1_000_003];
    new Random(number).nextBytes(bytes);
    return bytes;
  }

  private static void save(Group group, long number) {
    try (Arena arena = Arena.ofShared()) {
      byte[] bytes = snapshot(number);
      MemorySegment memory = arena.allocate(bytes.length);
      MemorySegment.copy(bytes, 0, memory, JAVA_BYTE, 0, bytes.length);
      group.save("w", number, memory);
    }
  }

  /** The number of the snapshot that comes back; its bytes are those of that number. */
  private static long load(Group group) {
    try (Arena arena = Arena.ofShared()) {
      Group.Loaded loaded = group.load("w", arena).orElseThrow();
      assertArrayEquals(snapshot(loaded.number()), loaded.bytes().toArray(JAVA_BYTE));
      return loaded.number();
    }
  }

  @Test
  void load_afterTheLossOfAnyTwoOfFive_isWhole_andAfterThreeIsRefused() {
    try (var members = new MemberProcesses(5, 2, MOST)) {
      save(members.group(), 1);
      save(members.group(), 2);
      assertEquals(2, load(members.group()));
      members.kill(0);
      members.kill(3);
      assertEquals(2, load(members.group()));
      assertEquals(List.of(0, 3), members.group().lost());
      members.kill(4);
      String message = String.valueOf(assertThrows(FailureException.class, () -> load(members.group())).getMessage());
      assertTrue(message.startsWith("expected at least 3 of 5 members with fragments of one snapshot of w; of snapshot 2 2"
          + " fragments are left; lost are 3, and at most 2 may be (member 0: "), message);
      assertFalse(message.contains("\n"));
    }
  }

  /** Members are killed before, between and after the phases: what comes back is n or n + 1, in whole. */
  @Test
  @Tag("heavy")
  void save_memberKilledInEachPhase_leavesNOrNPlusOne() {
    for (int phase = 0; phase <= 2; phase++) {
      int when = phase;
      try (var members = new MemberProcesses(4, 1, MOST)) {
        save(members.group(), 1);
        GroupFile file = members.file("w", "");
        var group = new Group(file.ports(), 1, GroupFile.bytes(file.token()), now -> {
          if (now == when) {
            members.kill(2);
          }
        });
        if (phase < 2) {
          String message = String.valueOf(assertThrows(FailureException.class, () -> save(group, 2)).getMessage());
          assertTrue(message.contains("member 2: "), message);
        } else {
          save(group, 2);
        }
        long back = load(members.group());
        assertTrue(phase == 0 ? back >= 1 : back == 2, "snapshot " + back + " after a loss in phase " + phase);
        // A new member in its place, and the next snapshot is taken by all.
        members.replace(2);
        save(members.group(), 3);
        members.kill(0);
        assertEquals(3, load(members.group()));
      }
    }
  }

  /** The process that saves is killed between the phases: what all have put comes back; another one goes on. */
  @Test
  void save_saverDiesBetweenPhases_leavesWhatAllHavePut() {
    try (var members = new MemberProcesses(3, 1, MOST)) {
      save(members.group(), 1);
      GroupFile file = members.file("w", "");
      var dying = new Group(file.ports(), 1, GroupFile.bytes(file.token()), now -> {
        if (now == 1) {
          throw new IllegalStateException("the saver dies here");
        }
      });
      assertThrows(IllegalStateException.class, () -> save(dying, 2));
      assertEquals(2, load(members.group()));
      members.kill(1);
      assertEquals(2, load(members.group()));
      members.replace(1);
      save(members.group(), 3);
      assertEquals(3, load(members.group()));
    }
  }

  @Test
  void save_largerThanAMemberMayHold_isRefusedAndTheOneBeforeCounts() {
    try (var members = new MemberProcesses(3, 1, 1_100_000)) {
      save(members.group(), 1);
      try (Arena arena = Arena.ofShared()) {
        MemorySegment large = arena.allocate(4_000_000);
        String message =
            String.valueOf(assertThrows(FailureException.class, () -> members.group().save("w", 2, large)).getMessage());
        assertTrue(message.contains("does not fit beside"), message);
      }
      assertEquals(1, load(members.group()));
      save(members.group(), 2);
      assertEquals(2, load(members.group()));
    }
  }

  @Test
  void load_withAnotherToken_isRefused() {
    try (var members = new MemberProcesses(2, 1, MOST)) {
      save(members.group(), 1);
      GroupFile file = members.file("w", "");
      var stranger = new Group(file.ports(), 1, new byte[32]);
      String message = String.valueOf(assertThrows(FailureException.class, () -> load(stranger)).getMessage());
      assertTrue(message.contains("the token is another group's"), message);
    }
  }

  @Test
  @Tag("heavy")
  void guard_followsAStore_andRebuildsItAfterLosses() {
    Path from = dir.resolve("ä store");
    try (Store store = Store.create(from, "the spec"); var guard = new StoreGuard(from, 4, 1, MOST)) {
      assertEquals(0, guard.round().commit());
      commit(store, 1);
      assertEquals(1, guard.round().commit());
      assertEquals(0, guard.round().bytes());
      guard.members().kill(1);
      assertEquals(List.of(1), guard.round().rebuilt());
      guard.members().kill(3);
      Path to = dir.resolve("again");
      try (Arena arena = Arena.ofShared()) {
        StateImage.open(guard.file().group().load(StoreGuard.OWNER, arena).orElseThrow().bytes()).writeTo(to);
      }
      assertEquals(digest(from), digest(to));
      commit(store, 2);
      assertEquals(List.of(3), guard.round().rebuilt());
      assertEquals(2, guard.round().commit());
      // One more than may be lost: the store on disk is what is left, and that is said.
      guard.members().kill(0);
      guard.members().kill(1);
      StoreGuard.Round round = guard.round();
      assertEquals(List.of(0, 1), round.rebuilt());
      assertTrue(round.bytes() > 0, "read from disk again");
      assertTrue(guard.fallback().orElseThrow().contains("lost are 2, and at most 1 may be"));
      guard.members().kill(2);
      try (Arena arena = Arena.ofShared()) {
        var image = StateImage.open(guard.file().group().load(StoreGuard.OWNER, arena).orElseThrow().bytes());
        assertEquals(2, image.id());
        assertEquals(new Position(1, 2), image.position());
        assertEquals(Map.of("step", "2"), image.documents());
        assertEquals("the spec", image.spec());
        assertEquals(StateDigest.of(state(2)), StateDigest.of(image.parts()));
      }
    }
  }

  private static List<StatePart> state(int step) {
    var values = new double[50_000];
    Arrays.fill(values, step);
    return List.of(
        StatePart.of("a/b", Combine.SUM, Map.of("x/y", TensorData.of(values, 500, 100))),
        StatePart.of("a", Combine.UNION, Map.of("b/x", TensorData.of(new int[] {1, step}, 2))),
        StatePart.of("none", Combine.LATEST, Map.of()));
  }

  private static void commit(Store store, int step) {
    store.commit(new Position(1, step), state(step), Map.of("step", "" + step), NOON);
  }

  private static String digest(Path place) {
    try (Store store = Store.open(place, Access.READ)) {
      Commit head = store.head().orElseThrow();
      try (StoredParts parts = store.parts(head)) {
        return store.spec() + head.position() + head.documents() + head.time()
            + StateDigest.of(new ArrayList<>(parts.parts().values()));
      }
    }
  }
}
