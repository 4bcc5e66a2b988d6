package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that are backed up, restored, forked, taken back and protected. */
final class StoreCommandTest {

  @TempDir static Path dir;
  private static Path store = Path.of("");
  private static Path csv = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    csv = Words.csv(dir.resolve("words.csv"));
    store = dir.resolve("a störe");
    Cli.run("learn", Words.options(csv), "--store", store).succeeded();
  }

  private static String digest(Path place) throws IOException {
    return Cli.json(Cli.run("inspect", "--store", place, "--json").succeeded().out()).get("stateDigest").asText();
  }

  private static List<JsonNode> log(Path place) throws IOException {
    Path json = dir.resolve("log.json");
    Cli.run("store", "log", "--store", place, "--json", json).succeeded();
    return StreamSupport.stream(Cli.json(json).spliterator(), false).toList();
  }

  private static Path copy(String name) {
    Path to = dir.resolve(name);
    Cli.run("store", "fork", "--store", store, to).succeeded();
    return to;
  }

  @Test
  void backupRestore_withItsLibrary_isTheSameStore() throws IOException {
    Path from = copy("to back up");
    Path brick = Files.createDirectories(from.resolve("library/theirs")).resolve("brick.txt");
    Files.writeString(brick, "a brick");
    Path backup = dir.resolve("bäckup");
    Path json = dir.resolve("backup.json");
    Cli.Outcome done = Cli.run("store", "backup", "--store", from, backup, "--json", json).succeeded();
    assertTrue(done.out().startsWith("backed up and verified " + from), done.out());
    assertEquals(log(from).getFirst().get("id").asLong(), Cli.json(json).get("commit").asLong());
    assertTrue(Cli.run("store", "backup", "--store", from, backup).succeeded().out().contains("new of them 0, 0 B"));
    Path again = dir.resolve("again");
    Cli.run("store", "restore", backup, "--store", again).succeeded();
    assertEquals(digest(from), digest(again));
    assertEquals("a brick", Files.readString(again.resolve("library/theirs/brick.txt")));
    assertEquals(Cli.run("predict", "--store", from, "golf").succeeded().out(),
        Cli.run("predict", "--store", again, "golf").succeeded().out());
    Path damaged;
    try (var files = Files.list(backup.resolve("files"))) {
      damaged = files.sorted().findFirst().orElseThrow();
    }
    Files.writeString(damaged, "something else");
    Cli.run("store", "restore", backup, "--store", dir.resolve("never")).complains(1, damaged.toString(), "damaged");
    assertFalse(Files.exists(dir.resolve("never")));
  }

  /** What was learned after the commit leaves no trace in the state that is learned again from there. */
  @Test
  void checkoutThenLearn_isAsIfTheLaterCommitsNeverWere() throws IOException {
    Path place = copy("to go back");
    String end = digest(place);
    List<JsonNode> before = log(place);
    assertEquals(2, before.size());
    long first = before.getLast().get("id").asLong();
    long last = before.getFirst().get("id").asLong();
    Cli.Outcome done = Cli.run("store", "checkout", "--store", place, first).succeeded();
    assertTrue(done.out().contains("commit " + last + " is kept"), done.out());
    assertFalse(digest(place).equals(end));
    assertEquals("1", Cli.json(Cli.run("inspect", "--store", place, "--json").succeeded().out()).get("experiencesLearned")
        .asText());
    Cli.run("resume", "--store", place).succeeded();
    assertEquals(end, digest(place));
    Cli.run("store", "checkout", "--store", place, last).succeeded();
    assertEquals(end, digest(place));
    assertTrue(Cli.run("store", "checkout", "--store", place, log(place).getFirst().get("id").asLong()).succeeded().out()
        .contains("nothing changed"));
    assertEquals(5, log(place).size());
    assertTrue(log(place).get(1).get("whole").asBoolean());
  }

  @Test
  void forkThenBothGoOn_endInTheSameState() throws IOException {
    Path fork = dir.resolve("a fork");
    long first = log(store).getLast().get("id").asLong();
    Cli.run("store", "fork", "--store", store, fork, "--commit", first).succeeded();
    assertFalse(digest(fork).equals(digest(store)));
    Cli.run("resume", "--store", fork).succeeded();
    assertEquals(digest(store), digest(fork));
  }

  @Test
  void keep_asked_isSaid() {
    Path place = copy("to keep");
    assertTrue(Cli.run("store", "keep", "--store", place, 7).succeeded().out().contains("7 newest"));
  }

  @Test
  void protectRecover_fromMemory_isTheSameStore() throws IOException {
    Path place = copy("to protect");
    Path group = dir.resolve("the group");
    Process guard = Cli.start("store", "protect", "--store", place, "--members", 3, "--parity", 1, "--group", group);
    try (BufferedReader err = guard.errorReader()) {
      String line = err.readLine();
      while (line != null && !line.startsWith("commit ")) {
        line = err.readLine();
      }
      assertTrue(line != null && line.contains("is held"), String.valueOf(line));
      // Where the store itself is gone, so that it can have come from memory alone.
      Path hidden = dir.resolve("hidden");
      Files.move(place, hidden);
      Path back = dir.resolve("from memory");
      Path json = dir.resolve("recovered.json");
      Cli.run("store", "recover", "--group", group, back, "--json", json).succeeded();
      assertEquals("memory", Cli.json(json).get("from").asText());
      assertEquals(digest(hidden), digest(back));
      Files.move(hidden, place);
    } finally {
      guard.destroyForcibly();
      guard.onExit().join();
    }
    Path back = dir.resolve("from disk");
    Path json = dir.resolve("recovered.json");
    // The members end with the process that started them: all are lost, which is more than may be.
    for (boolean lost = false; !lost;) {
      Files.deleteIfExists(json);
      Path here = dir.resolve("try " + System.nanoTime());
      Cli.run("store", "recover", "--group", group, here, "--json", json).succeeded();
      lost = Cli.json(json).get("from").asText().equals("disk");
      back = here;
    }
    assertTrue(Cli.json(json).get("problem").asText().contains("lost are 3, and at most 1 may be"), Files.readString(json));
    assertEquals(digest(place), digest(back));
  }

  @Test
  void anything_wrong_isOneLineAndChangesNothing() throws IOException {
    Path none = dir.resolve("none");
    Path place = copy("to complain");
    TreeMap<String, List<Byte>> before = blobs(place);
    String commits = Cli.run("store", "log", "--store", place).succeeded().out();
    Cli.run("store", "backup", "--store", none, dir.resolve("b")).complains(2, "expected a store in " + none);
    Cli.run("store", "backup", "--store", place, csv).complains(2, "got the file " + csv);
    Cli.run("store", "backup", "--store", place, store).complains(2, "holds something");
    Cli.run("store", "restore", none, "--store", dir.resolve("b")).complains(2, "expected a backup in " + none);
    Cli.run("store", "restore", place, "--store", dir.resolve("b")).complains(2, "expected a backup in " + place);
    Cli.run("store", "fork", "--store", place, store).complains(2, "holds something");
    Cli.run("store", "fork", "--store", place, dir.resolve("b"), "--commit", 99).complains(2, "got 99");
    Cli.run("store", "checkout", "--store", place, 99).complains(2, "got 99");
    Cli.run("store", "checkout", "--store", place, "first").complains(2, "first");
    Cli.run("store", "checkout", "--store", none, 1).complains(2, "expected a store in " + none);
    Cli.run("store", "log", "--store", none).complains(2, "expected a store in " + none);
    Cli.run("store", "keep", "--store", place, 0).complains(2, "got 0");
    Cli.run("store", "protect", "--store", place, "--members", 2, "--parity", 2).complains(2, "--parity");
    Cli.run("store", "protect", "--store", none, "--seconds", 0).complains(2, "expected a store in " + none);
    Cli.run("store", "recover", "--group", none, dir.resolve("b")).complains(2, "expected the file of a group");
    Cli.run("store", "recover", "--group", csv, dir.resolve("b")).complains(1, "is something else");
    // A writer that opens a store raises its epoch, so that the database is not the same to the byte.
    assertEquals(before, blobs(place));
    assertEquals(commits, Cli.run("store", "log", "--store", place).succeeded().out());
    assertFalse(Files.exists(dir.resolve("b")));
  }

  private static TreeMap<String, List<Byte>> blobs(Path store) throws IOException {
    TreeMap<String, List<Byte>> files = Cli.snapshot(store);
    files.keySet().removeIf(name -> !name.startsWith("blobs/"));
    return files;
  }
}
