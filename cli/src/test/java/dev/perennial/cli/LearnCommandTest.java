package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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

/** What is learned from a table, what is written of it, and what can be done with it then. */
final class LearnCommandTest {

  @TempDir static Path dir;
  private static Path csv = Path.of("");
  private static Path store = Path.of("");
  private static Cli.Outcome learned = new Cli.Outcome(0, "", "");

  @BeforeAll
  static void learnOnce() throws IOException {
    csv = Words.csv(dir.resolve("words.csv"));
    store = dir.resolve("store");
    learned = Cli.run("learn", Words.options(csv), "--store", store, "--seed", 7, "--json",
        dir.resolve("new/dir/figures.json"), "--report", dir.resolve("new/report.html"), "--budget", "parameters=1M");
  }

  @Test
  void learn_table_writesFiguresReportAndStore() throws IOException {
    learned.succeeded();
    JsonNode figures = Cli.json(dir.resolve("new/dir/figures.json"));
    var names = new ArrayList<String>();
    figures.fieldNames().forEachRemaining(names::add);
    assertEquals(List.of("technique", "options", "seed", "scenario", "tasks", "classes", "accuracy", "finalAccuracy",
        "averageAccuracy", "anytimeAccuracy", "forgetting", "taskForgetting", "taskAccuracy", "backwardTransfer",
        "trainableParameters", "addedBytes", "memoryBytes", "learnSeconds", "evaluateSeconds", "examplesPerSecond",
        "peakResidentBytes", "stateDigest"), names);
    assertEquals("ncm", figures.get("technique").asText());
    assertEquals(7, figures.get("seed").asLong());
    assertEquals("class-incremental", figures.get("scenario").asText());
    assertEquals(2, figures.get("tasks").asInt());
    assertEquals(4, figures.get("classes").asInt());
    assertEquals(1, figures.get("accuracy").get(0).size());
    assertEquals(2, figures.get("accuracy").get(1).size());
    assertTrue(figures.get("finalAccuracy").asDouble() > 0.9, figures.toString());
    assertTrue(Files.readString(dir.resolve("new/report.html")).contains("<html"));
  }

  @Test
  void learn_table_endsWithWhatWasLearnedAndHowToPredict() {
    List<String> lines = learned.out().lines().toList();
    assertTrue(learned.out().contains("Learned 4 classes in 2 experiences with ncm: final accuracy 100.0 %"),
        learned.out());
    assertTrue(learned.out().contains("Store   " + store), learned.out());
    assertTrue(learned.out().contains("Report  " + dir.resolve("new/report.html")), learned.out());
    assertEquals("Predict ./perennial predict --store " + store + " \"a text\"", lines.getLast());
    assertTrue(learned.err().contains("48 rows to learn, 24 to evaluate on, 4 classes"), learned.err());
  }

  @Test
  void learn_intoAStore_isRefusedAndLeavesItAsItWas() throws IOException {
    var before = Cli.snapshot(store);
    Cli.run("learn", Words.options(csv), "--store", store)
        .complains(2, "--store", store.toString(), "holds a store already", "perennial resume --store");
    assertEquals(before, Cli.snapshot(store));
  }

  @Test
  void resume_finishedRun_printsTheSameResult() throws IOException {
    Path again = dir.resolve("again.json");
    Cli.run("resume", "--store", store, "--json", again).succeeded();
    JsonNode first = Cli.json(dir.resolve("new/dir/figures.json"));
    for (String name : List.of("stateDigest", "accuracy", "finalAccuracy", "learnSeconds")) {
      assertEquals(first.get(name), Cli.json(again).get(name), name);
    }
  }

  @Test
  void inspect_json_tellsWhatWasLearned() throws IOException {
    JsonNode view = Cli.json(Cli.run("inspect", "--store", store, "--json").succeeded().out());
    assertEquals(Cli.json(dir.resolve("new/dir/figures.json")).get("stateDigest"), view.get("stateDigest"));
    assertEquals(2, view.get("experiencesLearned").asInt());
    assertEquals(4, view.get("classes").size());
    assertEquals(2, view.get("commits").size());
    assertEquals(2, view.get("commits").get(0).get("id").asInt());
    assertEquals(1, view.get("commits").get(0).get("parent").asInt());
    assertEquals("2026-01-02T03:04:05Z", view.get("commits").get(0).get("time").asText());
    assertEquals(1_000_000, view.get("budget").get("parameters").asLong());
    assertEquals(48, view.get("spent").get("labels").asLong());
    assertEquals("means", view.get("bricks").get(0).get("name").asText());
    assertEquals(csv.toAbsolutePath().toString(), view.get("source").get("sources").get(0).asText());
  }

  @Test
  void inspect_people_seeTheSame() throws IOException {
    String shown = Cli.run("inspect", "--store", store).succeeded().out();
    String digest = Cli.json(dir.resolve("new/dir/figures.json")).get("stateDigest").asText();
    for (String word : List.of("words.csv, class-incremental, seed 7", "State digest " + digest, "means", "1,000,000",
        "2026-01-02T03:04:05Z", "fruit")) {
      assertTrue(shown.contains(word), word + " in " + shown);
    }
  }

  @Test
  void learn_validation_evaluatesOnValidationRows() throws IOException {
    Path json = dir.resolve("validation.json");
    Cli.Outcome outcome = Cli.run("learn", Words.options(csv), "--store", dir.resolve("tuned"), "--validation",
        "--max-test-per-class", 5, "--json", json).succeeded();
    assertTrue(outcome.err().contains("words.csv (validation): 48 rows to learn, 20 to evaluate on"), outcome.err());
    assertFalse(outcome.out().isBlank());
  }

  @Test
  void learn_config_givesWhatTheCommandLineLeavesOpen() throws IOException {
    Path config = Files.writeString(dir.resolve("run.yaml"), """
        data: %s
        text: text
        label: label
        split: part
        tasks: 4
        technique: no-such-technique
        seed: 5
        max-per-class: 3
        drop-label: [bird]
        budget: {parameters: 1k, labels: 2k}
        store: %s
        """.formatted(csv, dir.resolve("configured")));
    Cli.run("learn", "--config", config, "--technique", "ncm", "--tasks", 3, "--budget", "parameters=2M").succeeded();
    JsonNode view = Cli.json(Cli.run("inspect", "--store", dir.resolve("configured"), "--json").succeeded().out());
    assertEquals("ncm", view.get("technique").asText());
    assertEquals(5, view.get("seed").asLong());
    assertEquals(3, view.get("experiencesLearned").asInt());
    assertEquals(3, view.get("classes").size());
    assertEquals(9, view.get("spent").get("labels").asLong());
    assertEquals(2_000_000, view.get("budget").get("parameters").asLong());
    assertEquals(2_000, view.get("budget").get("labels").asLong());
  }

  @Test
  void learn_severalFiles_areOneTable() throws IOException {
    Path second = Files.writeString(dir.resolve("more.jsonl"), """
        {"text": "a deep blue sea", "label": "water", "part": "train"}
        {"text": "the river runs", "label": "water", "part": "test"}
        """);
    Cli.Outcome outcome = Cli.run("learn", "--data", csv, second, "--text", "text", "--label", "label", "--split",
        "part", "--tasks", 5, "--technique", "ncm", "--store", dir.resolve("both")).succeeded();
    assertTrue(outcome.err().contains("49 rows to learn, 25 to evaluate on, 5 classes"), outcome.err());
  }

  @Test
  void learn_fewBadRows_areCountedAndReported() throws IOException {
    Path bad = Files.writeString(dir.resolve("bad.csv"), Files.readString(csv) + ",fruit,train\n");
    Cli.Outcome outcome = Cli.run("learn", Words.options(bad), "--max-bad-rows", 1, "--store", dir.resolve("bad"))
        .succeeded();
    assertTrue(outcome.err().contains("1 of 97 rows cannot be used and are left out, the first at"), outcome.err());
  }
}
