package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Editing, asking and allocation on a store. */
final class EditCommandTest {

  @TempDir static Path dir;
  private static Path store = Path.of("");
  private static Path edits = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    store = dir.resolve("store");
    Cli.run("learn", "--data", Words.csv(dir.resolve("words.csv")), "--text", "text", "--label", "label", "--tasks", 1,
        "--technique", "fine-tune", "--option", "brick=increlora:rounds=2", "--option", "epochs=2", "--option", "rank=2",
        "--store", store).succeeded();
    edits = Files.writeString(dir.resolve("edits.jsonl"), """
        {"text": "the apple is here", "label": "metal"}
        {"text": "tell me about chess", "label": "bird"}
        """);
  }

  @Test
  void edit_twoTextsByUltraEdit_holdAndCanBeAskedAndEditedAgain() throws IOException {
    Path json = dir.resolve("figures.json");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", edits, "--as", "fixed", "--option", "keys=2048",
        "--keep", dir.resolve("words.csv"), "--json", json).succeeded();
    JsonNode figures = new ObjectMapper().readTree(Files.readString(json));
    assertEquals(1.0, figures.get("efficacy").asDouble());
    assertTrue(Math.abs(figures.get("after").asDouble() - figures.get("before").asDouble()) < 0.1, figures.toString());
    JsonNode answers = Cli.json(Cli.run("bricks", "ask", "--store", store, "fixed", "the apple is here", "tell me about chess",
        "--json").succeeded().out());
    assertEquals(java.util.List.of("metal", "bird"), answers.findValuesAsText("label"));
    Path more = Files.writeString(dir.resolve("more.jsonl"), "{\"text\": \"what is gold\", \"label\": \"fruit\"}\n");
    Cli.run("bricks", "edit", "--store", store, "fixed", "--edits", more, "--as", "more").succeeded();
    answers = Cli.json(Cli.run("bricks", "ask", "--store", store, "more", "the apple is here", "what is gold", "--json")
        .succeeded().out());
    assertEquals(java.util.List.of("metal", "fruit"), answers.findValuesAsText("label"));
    JsonNode shown = Cli.json(Cli.run("bricks", "show", "--store", store, "more", "--json").succeeded().out());
    assertEquals("[\"fixed@1\"]", shown.at("/provenance/parents").toString());
  }

  @Test
  void edit_badRequests_areRefusedInOneLineAndNothingIsAdded() throws IOException {
    Path unknown = Files.writeString(dir.resolve("unknown.jsonl"), "{\"text\": \"x\", \"label\": \"metl\"}\n");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", unknown, "--as", "a").complains(2, "metl", "metal");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", edits, "--as", "brick").complains(2, "brick", "learned");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", edits, "--as", "a", "--method", "magic")
        .complains(2, "magic", "ultraedit");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", edits, "--as", "a", "--method", "erase")
        .complains(2, "anchor");
    Cli.run("bricks", "edit", "--store", store, "brick", "--edits", dir.resolve("none.jsonl"), "--as", "a")
        .complains(2, "none.jsonl", "--edits");
    assertTrue(!Cli.json(Cli.run("bricks", "list", "--store", store, "--json").succeeded().out())
        .findValuesAsText("name").contains("a"));
  }

  @Test
  void allocation_ofIncreLora_saysWhereRanksWentAndWhy() throws IOException {
    JsonNode last = Cli.json(Cli.run("bricks", "allocation", "--store", store, "--json").succeeded().out());
    assertEquals(12, last.size());
    int ranks = 0;
    for (JsonNode placement : last) {
      ranks += placement.get("rank").asInt();
    }
    assertEquals(24, ranks);
    assertTrue(Cli.run("bricks", "allocation", "--store", store, "--all").succeeded().out().contains("grew"));
  }
}
