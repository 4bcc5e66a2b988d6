package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.engine.RunSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What recommend says of a small table, and what bench tune makes of it. */
final class RecommendCommandTest {

  @TempDir static Path fixture;
  @TempDir Path dir;
  private static Path csv = Path.of("");
  private static Path json = Path.of("");
  private static Cli.Outcome recommended = new Cli.Outcome(0, "", "");

  @BeforeAll
  static void recommendOnce() throws IOException {
    csv = Words.csv(fixture.resolve("words.csv"));
    json = fixture.resolve("ranking.json");
    recommended = Cli.run("recommend", table(), "--techniques", "ncm", "--runs", 4, "--json", json);
  }

  private static List<Object> table() {
    return List.of(
        "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--threads", 2);
  }

  private static JsonNode entry(JsonNode ranking, String technique) {
    for (JsonNode entry : ranking.get("entries")) {
      if (entry.get("technique").asText().equals(technique)) {
        return entry;
      }
    }
    throw new AssertionError("no " + technique + " in " + ranking);
  }

  @Test
  void recommend_table_ranksAndSaysWhy() throws IOException {
    recommended.succeeded();
    JsonNode ranking = Cli.json(json);
    for (String name : List.of("ncm", RunSpec.DEFAULT_TECHNIQUE)) {
      JsonNode entry = entry(ranking, name);
      assertTrue(entry.get("accuracy").asDouble() > 0.8, entry.toString());
      assertEquals(24, entry.get("validationRows").asInt(), "the validation rows, and all of them");
      for (String figure : List.of("forgetting", "learnSeconds", "memoryBytes", "addedBytes", "standardError")) {
        assertTrue(entry.get(figure).asDouble() >= 0, figure);
      }
      assertTrue(recommended.out().contains(name), recommended.out());
    }
    // As accurate on so easy a table, and a thousandth of the bytes.
    assertEquals("ncm", ranking.get("choice").get("technique").asText());
    // Both techniques, then other options of one; the fourth run alone could not compare anything.
    assertEquals(3, ranking.get("trials").asInt());
    assertTrue(recommended.out().contains("Use ncm: " + ranking.get("reason").asText() + "."), recommended.out());
    assertTrue(recommended.err().contains("48 rows to learn and 24 to choose by"), recommended.err());
    assertTrue(recommended.err().contains("runs left"), recommended.err());
  }

  @Test
  void recommend_lastLine_canBePasted() throws IOException {
    String last = recommended.out().lines().toList().getLast();
    String use = "./perennial learn --data " + csv + " --text text --label label --split part --tasks 2 --threads 2"
        + " --technique ncm --store recommended";
    assertEquals("use: " + use, last);
    assertEquals(use, Cli.json(json).get("use").asText());
    var words = new ArrayList<Object>(List.of(use.split(" ", -1)));
    words.removeFirst();
    words.set(words.size() - 1, dir.resolve("store"));
    assertTrue(Cli.run(words.toArray()).succeeded().out().contains("with ncm: final accuracy"));
  }

  @Test
  void recommend_badRequest_isRefusedInOneLine() throws IOException {
    Cli.run("recommend", "--data", csv, "--text", "text", "--label", "label").complains(2, "--tasks N");
    Cli.run("recommend", "--data", csv, "--tasks", 2, "--label", "label").complains(2, "--text COLUMN");
    Cli.run("recommend", "--tasks", 2).complains(2, "--data");
    Cli.run("recommend", table(), "--techniques", "ncn").complains(2, "technique", "did you mean ncm");
    Cli.run("recommend", table(), "--budget", "seconds=0").complains(2, "seconds above 0");
    Cli.run("recommend", table(), "--budget", "sheep=1").complains(2, "sheep");
    Cli.run("recommend", table(), "--runs", 0).complains(2, "at least 1 run");
    Cli.run("recommend", table(), "--scenario", "sideways").complains(2, "scenario", "sideways");
    Cli.run("recommend", "--data", "wordnet", "--tasks", 9, "--text", "gloss").complains(2, "wordnet has no columns");
    Cli.run("recommend", "--data", csv, "--text", "text", "--label", "label", "--tasks", 5)
        .complains(2, "4 classes", "5");
    Cli.run("recommend", table(), "--json", dir).complains(2, "--json", "directory");
    Path mine = Files.writeString(dir.resolve("mine"), "mine");
    Cli.run("recommend", table(), "--runs", 1, "--out", dir).complains(2, "mine", "name another place");
    assertEquals("mine", Files.readString(mine));
  }

  @Test
  void benchTune_writesOptionsThatLearnTakesForOtherData() throws IOException {
    Path out = dir.resolve("tuned");
    Path figures = dir.resolve("tuned.json");
    Cli.Outcome tuned = Cli.run("bench", "tune", "--technique", "g-acil", table(), "--runs", 3, "--out", out, "--json",
        figures).succeeded();
    JsonNode choice = Cli.json(figures).get("ranking").get("choice");
    assertEquals("1024", choice.get("chosen").get("features").asText());
    assertTrue(tuned.out().contains("Options " + out.resolve("tuned.yaml")), tuned.out());
    Path other = Words.csv(dir.resolve("other.csv"));
    Path learned = dir.resolve("learned.json");
    Cli.run("learn", "--config", out.resolve("tuned.yaml"), "--data", other, "--text", "text", "--label", "label",
        "--tasks", 2, "--store", dir.resolve("store"), "--json", learned).succeeded();
    JsonNode used = Cli.json(learned);
    assertEquals("g-acil", used.get("technique").asText());
    assertEquals(choice.get("options"), used.get("options"));
    Cli.run("bench", "tune", "--technique", "ncm", table(), "--runs", 3, "--out", out)
        .complains(2, "techniques was", "name another directory");
    assertTrue(Files.readString(out.resolve("tuned.yaml")).contains("g-acil"));
  }

  @Test
  void benchTune_incompleteRequest_saysWhatIsMissing() {
    Cli.run("bench", "tune", table(), "--out", dir.resolve("x")).complains(2, "--technique NAME");
    Cli.run("bench", "tune", table(), "--technique", "ncm").complains(2, "--out DIR");
    Cli.run("bench", "tune", table(), "--technique", "nope", "--out", dir.resolve("x"))
        .complains(2, "technique", "nope");
    assertFalse(Files.exists(dir.resolve("x")));
  }
}
