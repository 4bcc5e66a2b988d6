package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is unknown, what is new, and what is told late. */
final class OpenWorldTest {

  private static final List<String> WEATHER = List.of(
      "will it rain tomorrow", "will it snow tomorrow", "how cold will it be tomorrow", "will it rain this weekend",
      "is it going to rain today", "will there be rain on sunday");

  @TempDir static Path fixture;
  @TempDir Path dir;
  private static Path csv = Path.of("");
  private static Path store = Path.of("");
  private static Path closed = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    csv = table(fixture.resolve("words.csv"));
    store = fixture.resolve("open");
    Cli.Outcome learned = Cli.run("learn", options("g-acil"), "--option", "features=512", "--open", "0.9", "--store",
        store, "--json", fixture.resolve("open.json"), "--report", fixture.resolve("open.html")).succeeded();
    assertTrue(learned.out().contains("How far confidences are off"), learned.out());
    closed = fixture.resolve("closed");
    Cli.run("learn", options("ncm"), "--store", closed, "--json", fixture.resolve("closed.json")).succeeded();
  }

  /** Forty rows of each of four classes to learn, and twenty to test on. */
  private static Path table(Path file) throws IOException {
    List<List<String>> classes = List.of(
        List.of("fruit", "apple", "pear", "plum", "cherry", "melon", "mango"),
        List.of("metal", "iron", "copper", "zinc", "gold", "lead", "tin"),
        List.of("bird", "owl", "crow", "eagle", "finch", "heron", "gull"),
        List.of("sport", "tennis", "chess", "golf", "boxing", "rowing", "judo"));
    List<String> sentences = List.of("the %s is here", "i like %s very much", "tell me about %s", "what is %s", "a %s",
        "some %s and more", "%s today", "where is the %s", "i think of %s", "my %s");
    var lines = new StringBuilder("text,label,part\n");
    for (List<String> words : classes) {
      for (int i = 1; i < words.size(); i++) {
        for (int j = 0; j < sentences.size(); j++) {
          lines.append(sentences.get(j).formatted(words.get(i))).append(',').append(words.getFirst()).append(',')
              .append((i + j) % 3 == 0 ? "test" : "train").append('\n');
        }
      }
    }
    return Files.writeString(file, lines);
  }

  private static List<Object> options(String technique) {
    return List.of("--data", csv, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--technique",
        technique, "--threads", 2);
  }

  private Path copy(Path original) throws IOException {
    Path copy = dir.resolve("copy");
    try (var files = Files.walk(original)) {
      for (Path file : files.toList()) {
        Files.copy(file, copy.resolve(original.relativize(file).toString()));
      }
    }
    return copy;
  }

  private static JsonNode verdict(String text) throws IOException {
    return Cli.json(Cli.run("predict", "--store", store, "--json", text).succeeded().out()).get("verdict");
  }

  @Test
  void learn_open_tellsCalibrationOfEveryExperience() throws IOException {
    JsonNode calibration = Cli.json(fixture.resolve("open.json")).get("calibration");
    assertEquals(2, calibration.size());
    for (JsonNode one : calibration) {
      assertTrue(one.get("error").asDouble() >= 0 && one.get("error").asDouble() <= 1);
      assertTrue(one.get("temperature").asDouble() > 0 && one.get("temperature").asDouble() < 1, one::toString);
      assertTrue(one.get("kept").asDouble() > 0.6, one::toString);
    }
    assertTrue(calibration.get(1).get("error").asDouble() < calibration.get(1).get("plainError").asDouble());
    assertTrue(Files.readString(fixture.resolve("open.html")).contains("Calibration error"));
    assertFalse(Cli.json(fixture.resolve("closed.json")).has("calibration"));
  }

  @Test
  void learn_openWithAClassCalledUnknown_isRefused_andSoIsTeachingIt() throws IOException {
    Path odd = dir.resolve("odd.csv");
    Files.writeString(odd, Files.readString(csv).replace(",fruit,", ",unknown,"));
    Path none = dir.resolve("none");
    Cli.run("learn", "--data", odd, "--text", "text", "--label", "label", "--split", "part", "--tasks", 2, "--technique",
        "g-acil", "--open", "0.9", "--store", none).complains(2, "unknown", "rename", "--open");
    assertFalse(Files.exists(none.resolve("perennial.db")));
    Cli.run("teach", "--store", copy(store), "--label", "unknown", "a pear").complains(2, "unknown", "rename");
  }

  @Test
  void teach_aTextThatIsTooLong_saysThatItWasCut() throws IOException {
    Path copy = copy(store);
    String tooLong = "a pear and ".repeat(400);
    Cli.Outcome taught = Cli.run("teach", "--store", copy, "--label", "fruit", tooLong, "a plum").succeeded();
    assertTrue(taught.err().contains("1 text is longer than the network takes"), taught.err());
    Cli.Outcome plain = Cli.run("teach", "--store", copy, "--label", "fruit", "--json", "one more plum").succeeded();
    assertEquals("", plain.err().strip());
    assertEquals(0, Cli.json(plain.out()).get("cut").asInt());
  }

  @Test
  void predict_storeThatIsOpen_callsStrangeTextsUnknown() throws IOException {
    JsonNode known = verdict("tell me about copper");
    assertEquals("metal", known.get("label").asText());
    assertTrue(known.get("familiarity").asDouble() >= known.get("threshold").asDouble());
    var unknowns = new ArrayList<String>();
    for (String text : WEATHER) {
      if (verdict(text).get("label").asText().equals("unknown")) {
        unknowns.add(text);
      }
    }
    assertTrue(unknowns.size() >= 4, unknowns::toString);
    String strange = unknowns.getFirst();
    JsonNode unknown = verdict(strange);
    assertEquals("unknown", unknown.get("label").asText(), unknown::toString);
    assertTrue(unknown.get("familiarity").asDouble() < unknown.get("threshold").asDouble());
    List<String> plain = Cli.run("predict", "--store", store, strange, "what is gold").succeeded().out().lines().toList();
    assertTrue(plain.get(0).matches("unknown\t[0-9.]+\t" + strange), plain.get(0));
    assertTrue(plain.get(1).startsWith("metal\t"), plain.get(1));
    String top = Cli.run("predict", "--store", store, "--top", 2, strange).succeeded().out();
    assertEquals(5, top.split("\t", -1).length, top);
    assertFalse(Cli.run("predict", "--store", store, "--no-reject", strange).succeeded().out().startsWith("unknown"));
    JsonNode closedAnswer = Cli.json(Cli.run("predict", "--store", closed, "--json", strange).succeeded().out());
    assertFalse(closedAnswer.has("verdict"), closedAnswer::toString);
  }

  @Test
  void discover_textsOfANewClassAmongKnownOnes_findsIt() throws IOException {
    var lines = new ArrayList<>(WEATHER);
    lines.addAll(List.of("what is zinc", "", "tell me about plum"));
    Cli.Outcome outcome = Cli.runWith(
        String.join("\n", lines), "discover", "--store", store, "--least", 4, "--json", "-").succeeded();
    JsonNode found = Cli.json(outcome.out());
    assertEquals(8, found.get("texts").asInt());
    assertEquals(1, found.get("classes").size(), found::toString);
    found.get("classes").get(0).get("members").forEach(text -> assertTrue(WEATHER.contains(text.asText())));
    String plain = Cli.run("discover", "--store", store, "--least", 4, "--show", 2, WEATHER).succeeded().out();
    assertTrue(plain.contains("there may be 1 new one"), plain);
    assertEquals(2, plain.lines().filter(line -> line.startsWith("  ")).count());
  }

  @Test
  void teach_newClass_isPredictedAndTheRunStillResumes() throws IOException {
    Path copy = copy(store);
    Cli.Outcome taught = Cli.run("teach", "--store", copy, "--label", "weather", WEATHER).succeeded();
    assertEquals("Learned 6 texts of the new class weather; 5 classes are known", taught.out().strip());
    String named = Cli.run("predict", "--store", copy, "--no-reject", "will it rain on monday").succeeded().out();
    assertTrue(named.startsWith("weather\t"), named);
    JsonNode again = Cli.json(
        Cli.runWith("hail is expected tomorrow\n", "teach", "--store", copy, "--label", "weather", "--json", "-").succeeded()
            .out());
    assertFalse(again.get("isNew").asBoolean());
    assertEquals(1, again.get("texts").asInt());
    Path json = dir.resolve("resumed.json");
    Cli.run("resume", "--store", copy, "--json", json).succeeded();
    assertEquals(5, Cli.json(json).get("classes").asInt());
    assertNotEquals(Cli.json(fixture.resolve("open.json")).get("stateDigest"), Cli.json(json).get("stateDigest"));
    Cli.run("verify", "--store", copy).succeeded();
  }

  @Test
  void openWorld_requestThatCannotBeMet_isRefusedAndChangesNothing() throws IOException {
    Cli.run("learn", options("ncm"), "--open", "--store", dir.resolve("new")).complains(2, "--open", "g-acil", "ncm");
    Cli.run("learn", options("g-acil"), "--open", 1, "--store", dir.resolve("new")).complains(2, "keep", "0.95", "got 1");
    assertFalse(Files.exists(dir.resolve("new/perennial.db")));
    Path copy = copy(closed);
    var before = Cli.snapshot(copy.resolve("blobs"));
    Cli.run("discover", "--store", copy, "a").complains(2, "--open");
    Cli.run("teach", "--store", copy, "--label", "x", "a").complains(2, "g-acil", "ncm");
    Cli.run("teach", "--store", copy, "--label", " ", "a").complains(2, "blank label");
    Cli.run("teach", "--store", copy, "--label", "x", " ").complains(2, "blank");
    Cli.runWith("", "teach", "--store", copy, "--label", "x", "-").complains(2, "standard input", "got none");
    assertEquals(before, Cli.snapshot(copy.resolve("blobs")));
    Cli.run("discover", "--store", store, "--least", 1, "a").complains(2, "at least 2");
  }

  @Test
  void learn_contradictoryAndLongTexts_areCountedAndReported() throws IOException {
    var lines = new StringBuilder(Files.readString(Words.csv(dir.resolve("small.csv"))));
    lines.append("the apple is here,metal,train\nthe apple is here,fruit,train\nthe plum is here,bird,train\n")
        .append("the plum is here,fruit,train\n").append("iron ".repeat(600)).append(",metal,train\n");
    Path table = Files.writeString(dir.resolve("contradictory.csv"), lines);
    Cli.Outcome outcome = Cli.run("learn", "--data", table, "--text", "text", "--label", "label", "--split", "part",
        "--tasks", 2, "--technique", "ncm", "--store", dir.resolve("s"), "--report", dir.resolve("r.html")).succeeded();
    assertTrue(outcome.err().lines().anyMatch(
        line -> line.startsWith("2 texts are under several labels, in ") && line.contains("'the apple is here'")),
        outcome.err());
    assertTrue(outcome.err().contains("1 text is longer than the network takes"), outcome.err());
    assertTrue(Files.readString(dir.resolve("r.html")).contains("Texts cut"));
    Cli.Outcome predicted = Cli.run("predict", "--store", dir.resolve("s"), "iron ".repeat(600)).succeeded();
    assertTrue(predicted.err().contains("1 text is longer"), predicted.err());
  }

  @Test
  void learn_budgetTooSmallForTheFirstBrick_isOneLine() {
    for (String technique : List.of("g-acil", "first-session-analytic", "sema")) {
      Cli.run("learn", options(technique), "--budget", "bytes=1KiB", "--store", dir.resolve(technique))
          .complains(1, "bytes", "budget");
    }
    Cli.run("learn", options("g-acil"), "--open", "--budget", "bytes=1KiB", "--store", dir.resolve("open"))
        .complains(1, "bytes", "budget");
  }

  @Test
  void learn_oneRowOneClassAndAClassThatDisappears_goesOn() throws IOException {
    var lines = new StringBuilder("text,label,part,week\n");
    lines.append("a pear,fruit,train,1\na ripe pear,fruit,test,1\n");
    IntStream.range(0, 8).forEach(i -> lines.append("an owl ").append(i).append(",bird,train,2\nold crow ").append(i)
        .append(",bird,train,2\n"));
    lines.append("an owl 9,bird,test,2\n");
    IntStream.range(0, 6).forEach(i -> lines.append("copper ").append(i).append(",metal,train,3\n"));
    lines.append("a gull and an owl,bird,train,3\ncopper wire,metal,test,3\n");
    Path table = Files.writeString(dir.resolve("weeks.csv"), lines);
    for (List<Object> how : List.<List<Object>>of(List.of("g-acil", "--option", "features=64"),
        List.of("first-session-analytic", "--option", "features=64", "epochs=1"), List.of("fine-tune"),
        List.of("auto", "--option", "features=64", "epochs=1", "--open"))) {
      Path json = dir.resolve("figures.json");
      Path kept = dir.resolve("weeks-" + how.getFirst());
      Cli.run("learn", "--data", table, "--text", "text", "--label", "label", "--split", "part", "--task", "week",
          "--scenario", "domain-incremental", "--technique", how, "--store", kept, "--json", json).succeeded();
      JsonNode figures = Cli.json(json);
      assertEquals(3, figures.get("classes").asInt(), "no class is lost");
      assertEquals(3, figures.get("accuracy").size());
      if (how.getFirst().equals("g-acil")) {
        assertEquals(1, figures.get("finalAccuracy").asDouble(), figures.get("accuracy")::toString);
      }
    }
  }
}
