package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bricks of a store are made smaller, and taken back. */
final class BrickVersionsTest {

  @TempDir static Path dir;
  private static Path store = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    store = dir.resolve("store");
    Cli.run("learn", "--data", Words.csv(dir.resolve("words.csv")), "--text", "text", "--label", "label", "--tasks", 2,
        "--technique", "fine-tune", "--option", "epochs=1", "--option", "rank=4", "--store", store).succeeded();
  }

  @Test
  void shrinkPruneRollback_bricks_addVersionsThatLineageNames() throws IOException {
    Path out = dir.resolve("for-versions");
    Cli.run("bricks", "export", "--store", store, "brick", out).succeeded();
    Cli.run("bricks", "import", "--store", store, "--name", "mine", out).succeeded();
    JsonNode nested = Cli.json(Cli.run("bricks", "shrink", "--store", store, "mine", "--bits", 4, "--json").succeeded().out());
    assertEquals("mine@2", nested.get("name").asText());
    assertTrue(nested.get("bytes").asLong() < 0.25 * nested.get("bytesBefore").asLong());
    assertTrue(nested.get("error").asDouble() > 0 && nested.get("error").asDouble() < 0.2, nested.toString());
    assertEquals(List.of("mine@1"), parents("mine"));
    assertEquals("nested", shown("mine").get("technique").asText());

    JsonNode pruned = Cli.json(Cli.run("bricks", "prune", "--store", store, "mine", "--structure", "2:4", "--json")
        .succeeded().out());
    assertEquals("mine@3", pruned.get("name").asText());
    assertEquals(List.of("mine@2"), parents("mine@3"));
    assertTrue(Cli.run("bricks", "rollback", "--store", store, "mine").succeeded().out().contains("mine@4"));
    assertEquals(List.of("mine@2", "mine@3"), parents("mine"));
    JsonNode back = Cli.json(Cli.run("bricks", "rollback", "--store", store, "mine", "--to", 1, "--json").succeeded().out());
    assertEquals("mine@1", back.get("restored").asText());
    JsonNode diff = Cli.json(Cli.run("bricks", "diff", "--store", store, "mine", "mine@1", "--json").succeeded().out());
    diff.forEach(row -> assertEquals(0, row.get("difference").asDouble()));

    assertTrue(Cli.run("bricks", "shrink", "--store", store, "brick", "--bytes", 0.05, "--method", "bitstack").succeeded().out()
        .contains("brick-shrunk@1"));
    assertEquals(List.of("brick"), parents("brick-shrunk"));
    Cli.run("bricks", "rollback", "--store", store, "brick").complains(2, "brick", "library");
    Cli.run("bricks", "rollback", "--store", store, "brick-shrunk").complains(2, "--to", "first");
    Cli.run("bricks", "shrink", "--store", store, "mine").complains(2, "--bits", "--bytes");
    Cli.run("bricks", "shrink", "--store", store, "mine", "--bytes", 0.0001, "--method", "bitstack").complains(2, "at least");
    Cli.run("bricks", "shrink", "--store", store, "mine", "--bits", 4, "--method", "zip").complains(2, "bitstack", "zip");
    Cli.run("bricks", "shrink", "--store", store, "mine", "--bits", 4, "--as", "head").complains(2, "head", "learned");
    Cli.run("bricks", "prune", "--store", store, "mine").complains(2, "--sparsity", "--structure");
    Cli.run("bricks", "prune", "--store", store, "mine", "--sparsity", 1.5).complains(2, "sparsity");
  }

  @Test
  void lineage_versionsAndMerge_areListedDrawnAndInTheReportOfTheRun() throws IOException {
    Path out = dir.resolve("for-lineage");
    Cli.run("bricks", "export", "--store", store, "brick", out).succeeded();
    Cli.run("bricks", "import", "--store", store, "--name", "theirs", out).succeeded();
    Cli.run("bricks", "shrink", "--store", store, "theirs", "--bits", 4).succeeded();
    Cli.run("bricks", "merge", "--store", store, "--as", "both", "--method", "ties", "brick", "theirs").succeeded();
    Cli.run("bricks", "prune", "--store", store, "theirs", "--sparsity", 0.5).succeeded();

    assertEquals(List.of("brick", "theirs@2"), parents("both"), "what the name stood for then");
    Path html = dir.resolve("bricks.html");
    Path json = dir.resolve("bricks.json");
    String table = Cli.run("bricks", "lineage", "--store", store, "--report", html, "--json", json).succeeded().out();
    assertTrue(table.contains("theirs@3") && table.contains("shrunk to 4 bits") && table.contains(html.toString()), table);
    JsonNode rows = Cli.json(Files.readString(json));
    assertEquals("learned by fine-tune up to experience 2", row(rows, "brick").get("made").asText());
    assertEquals("[\"brick\",\"theirs@2\"]", row(rows, "both@1").get("parents").toString());
    assertEquals("pruned to 0.5", row(rows, "theirs@3").get("made").asText());
    assertEquals(false, row(rows, "theirs@2").get("current").asBoolean());
    assertTrue(row(rows, "head").get("accuracy").asDouble() > 0);
    String page = Files.readString(html);
    assertTrue(page.contains("theirs@2 to both@1: merged by ties"));

    Path again = dir.resolve("again.html");
    Cli.run("resume", "--store", store, "--report", again).succeeded();
    assertTrue(Files.readString(again).contains("theirs@2 to both@1: merged by ties"));
    Cli.run("bricks", "lineage", "--store", dir.resolve("none")).complains(2, "none");
    Cli.run("bricks", "lineage", "--store", store, "--report", dir).complains(2, "--report");
  }

  private static JsonNode row(JsonNode rows, String name) {
    for (JsonNode row : rows) {
      if (row.get("name").asText().equals(name)) {
        return row;
      }
    }
    throw new AssertionError("no " + name + " in " + rows);
  }

  private static JsonNode shown(String name) throws IOException {
    return Cli.json(Cli.run("bricks", "show", "--store", store, name, "--json").succeeded().out()).get("provenance");
  }

  private static List<String> parents(String name) throws IOException {
    var parents = new ArrayList<String>();
    shown(name).get("parents").forEach(parent -> parents.add(parent.asText()));
    return parents;
  }
}
