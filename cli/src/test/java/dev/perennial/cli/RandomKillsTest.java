package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs of the default technique, each killed at a random moment of its time and then gone on with. */
@Tag("heavy")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
final class RandomKillsTest {

  private static final int KILLS = 30;

  @TempDir Path dir;

  private static List<Object> job(Path csv, Path store) {
    return List.of("learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 4,
        "--option", "features=1024", "--threads", 2, "--seed", 3, "--store", store);
  }

  @Test
  void resume_afterSigkillAtRandomMoments_endsWithTheStateOfARunNeverKilled() throws IOException, InterruptedException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    Path whole = dir.resolve("whole");
    long start = System.nanoTime();
    assertEquals(0, Cli.startSilently(job(csv, whole)).waitFor());
    long millis = (System.nanoTime() - start) / 1_000_000;
    String expected = digest(whole);
    var random = new Random(30);
    int killed = 0;
    for (int kill = 0; kill < KILLS; kill++) {
      Path store = dir.resolve("store-" + kill);
      List<Object> snapshots = kill % 2 == 0
          ? List.of() : List.of("--durability", "async", "--snapshot-every", 1, "--most-behind", 4);
      Process process = Cli.startSilently(job(csv, store), snapshots);
      boolean ended = process.waitFor((long) (random.nextDouble() * millis), TimeUnit.MILLISECONDS);
      process.destroyForcibly().waitFor();
      killed += ended ? 0 : 1;
      // Killed before there was a store, the same command begins anew.
      if (Cli.run("resume", "--store", store).exitCode() != 0) {
        Cli.run(job(csv, store), snapshots).succeeded();
      }
      assertEquals(expected, digest(store), "kill " + kill);
    }
    assertTrue(killed >= KILLS / 2, "only " + killed + " of " + KILLS + " runs were still going when they were killed");
  }

  private static String digest(Path store) throws IOException {
    return Cli.json(Cli.run("inspect", "--store", store, "--json").succeeded().out()).get("stateDigest").asText();
  }
}
