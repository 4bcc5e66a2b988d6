package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bit flipped in, and a block zeroed or cut off from, every block of every file of a store, one at a time. */
final class StoreBitRotTest {
  private static final Instant NOON = Instant.parse("2026-11-21T12:00:00Z");
  private static final int BLOCK = 512;

  private enum Harm {
    FLIP,
    ZERO,
    CUT
  }

  @TempDir Path dir;

  private static byte[] harmed(byte[] good, int block, Harm harm, Random random) {
    byte[] bytes = good.clone();
    int from = block * BLOCK;
    int length = Math.min(BLOCK, good.length - from);
    switch (harm) {
      case FLIP -> bytes[from + random.nextInt(length)] ^= (byte) (1 << random.nextInt(8));
      case ZERO -> Arrays.fill(bytes, from, from + length, (byte) 0);
      case CUT -> bytes = Arrays.copyOf(good, from);
    }
    return bytes;
  }

  /** Files whose bytes count; the lock's are for people, and the shared memory of SQLite is made anew. */
  private static List<Path> files(Path store) throws IOException {
    try (var files = Files.walk(store)) {
      return files.filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("lock") && !file.toString().endsWith("-shm"))
          .sorted().toList();
    }
  }

  private static Path store(Path place) {
    try (Store store = Store.create(place, "spec")) {
      for (int i = 1; i <= 3; i++) {
        store.commit(new Position(i, i), States.middling(i), Map.of("d", "text " + i), NOON);
      }
    }
    return place;
  }

  /** At rest, everything is found; and what is opened all the same is a commit to the byte, and said not to be the newest. */
  @Test
  void verify_storeAtRestHarmedAnywhere_findsAllOfIt() throws IOException {
    Path store = store(dir.resolve("store"));
    int points = 0;
    int fallbacks = 0;
    var random = new Random(7);
    for (Path file : files(store)) {
      byte[] good = Files.readAllBytes(file);
      for (int block = 0; block * BLOCK < good.length; block++) {
        for (Harm harm : Harm.values()) {
          byte[] bad = harmed(good, block, harm, random);
          if (Arrays.equals(bad, good)) {
            continue;
          }
          Files.write(file, bad);
          String place = harm + " of block " + block + " of " + file.getFileName();
          assertTrue(isFound(store), place);
          fallbacks += isAnOriginal(store, place);
          points++;
        }
      }
      Files.write(file, good);
      removeJournals(store);
    }
    assertTrue(points >= 400, "only " + points + " points");
    assertTrue(fallbacks >= 50, "only " + fallbacks + " fallbacks");
    try (Store reader = Store.open(store, Access.READ)) {
      assertEquals(List.of(), reader.verify());
    }
  }

  /** The log of a writer that was killed: a commit that it held and holds no more is missed, though SQLite says nothing. */
  @Test
  void verify_logOfAKilledWriterHarmedAnywhere_missesTheCommit() throws IOException {
    Path living = dir.resolve("store");
    Path killed = dir.resolve("killed");
    Store writer = Store.create(living, "spec");
    for (int i = 1; i <= 3; i++) {
      writer.commit(new Position(i, i), States.middling(i), Map.of("d", "text " + i), NOON);
    }
    for (Path file : files(living)) {
      Path copy = killed.resolve(living.relativize(file).toString());
      Files.createDirectories(copy.getParent());
      Files.copy(file, copy);
    }
    writer.close();
    Path log = killed.resolve("perennial.db-wal");
    byte[] database = Files.readAllBytes(killed.resolve("perennial.db"));
    byte[] good = Files.readAllBytes(log);
    int points = 0;
    int missed = 0;
    var random = new Random(8);
    for (int block = 0; block * BLOCK < good.length; block++) {
      for (Harm harm : Harm.values()) {
        byte[] bad = harmed(good, block, harm, random);
        if (Arrays.equals(bad, good)) {
          continue;
        }
        Files.write(log, bad);
        Files.deleteIfExists(killed.resolve("perennial.db-shm"));
        String place = harm + " of block " + block;
        int fallback = isAnOriginal(killed, place);
        missed += fallback;
        assertEquals(fallback == 1, isFound(killed), place);
        points++;
        Files.write(killed.resolve("perennial.db"), database);
        removeJournals(killed);
      }
    }
    assertTrue(points >= 100, "only " + points + " points");
    assertTrue(missed >= points / 2, missed + " of " + points);
  }

  private static void removeJournals(Path store) throws IOException {
    for (String name : List.of("perennial.db-wal", "perennial.db-shm")) {
      Files.deleteIfExists(store.resolve(name));
    }
  }

  private static boolean isFound(Path store) {
    try (Store reader = Store.open(store, Access.READ)) {
      return !reader.verify().isEmpty();
    } catch (PerennialException e) {
      assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
      return true;
    }
  }

  /** Opens the store: 1 if it went back to an older commit and said so, 0 if it has the newest, or says that it cannot. */
  private static int isAnOriginal(Path store, String place) {
    try (Store reader = Store.open(store, Access.READ)) {
      var problems = new ArrayList<String>();
      reader.fallback().ifPresent(problems::add);
      long id = 0;
      try (StoredParts parts = reader.openHead().orElse(null)) {
        if (parts != null) {
          id = parts.commit().id();
          assertEquals(new Position((int) id, id), parts.commit().position(), place);
          assertEquals(Map.of("d", "text " + id), parts.commit().documents(), place);
          assertEquals(StateDigest.of(States.middling(id)), StateDigest.of(parts.parts().values()), place);
        }
      }
      assertEquals(id < 3, !problems.isEmpty(), place + ": commit " + id + ", " + problems);
      return id < 3 ? 1 : 0;
    } catch (PerennialException e) {
      assertTrue(e instanceof FailureException || !String.valueOf(e.getMessage()).isEmpty(), place);
      assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
      return 0;
    }
  }
}
