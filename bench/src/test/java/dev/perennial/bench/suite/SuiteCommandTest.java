package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.bench.suite.SuiteProcess.Outcome;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command on tiny images and tables. */
final class SuiteCommandTest {

  @TempDir
  private Path dir = Path.of("");

  private Path data = Path.of("");

  @BeforeEach
  void writeImages() throws IOException {
    data = TinyImages.write(dir.resolve("images"), 20);
  }

  private Outcome split(Object... more) {
    var arguments = new ArrayList<Object>(List.of("split-fashion-mnist", "--data", data));
    arguments.addAll(Arrays.asList(more));
    return SuiteProcess.run(arguments.toArray());
  }

  private static Outcome succeeded(Outcome outcome) {
    assertEquals(0, outcome.exitCode(), outcome.complaint() + outcome.err());
    return outcome;
  }

  private static void refused(Outcome outcome, String... words) {
    assertEquals(2, outcome.exitCode(), outcome.complaint() + outcome.err());
    assertEquals(1, outcome.complaint().lines().count(), outcome.complaint());
    for (String word : words) {
      assertTrue(outcome.complaint().contains(word), "expected '" + word + "' in: " + outcome.complaint());
    }
    assertEquals("", outcome.out());
  }

  private static JsonNode json(Path file) throws IOException {
    return JsonMapper.builder().build().readTree(file.toFile());
  }

  @Test
  void suite_ofTwoTechniquesAndSeeds_ranksThemAndWritesEveryRun() throws IOException {
    Path json = dir.resolve("suite.json");
    Path csv = dir.resolve("suite.csv");
    Path report = dir.resolve("suite.html");
    Outcome outcome = succeeded(split("--techniques", "fine-tune,ncm", "--seeds", 2, "--out", dir.resolve("out"),
        "--json", json, "--csv", csv, "--report", report));
    List<String> ranked = outcome.out().lines().filter(line -> line.matches("[12]\\. .*")).toList();
    assertTrue(ranked.get(0).startsWith("1. ncm ") && ranked.get(1).startsWith("2. fine-tune "), outcome::out);

    JsonNode runs = json(json);
    assertEquals(4, runs.size());
    for (JsonNode run : runs) {
      assertEquals("split-fashion-mnist", run.path("suite").asText());
      assertEquals(5, run.path("accuracy").size());
      assertEquals(10, run.path("classes").asInt());
      assertEquals(1, run.path("threads").asInt());
      assertEquals(run.path("finalAccuracy"), run.path("streamAccuracy"));
      assertTrue(run.path("machine").path("libraries").asText().startsWith("libtorch"), run::toString);
      assertFalse(run.path("commit").asText().isEmpty());
      assertEquals(64, run.path("stateDigest").asText().length());
    }
    assertEquals(List.of("fine-tune 1", "ncm 1", "fine-tune 2", "ncm 2"), runs.valueStream()
        .map(run -> run.path("technique").asText() + " " + run.path("seed")).toList());
    JsonNode options = runs.get(0).path("options");
    assertEquals("sgd constant 0.05 0.0 32 1", String.join(" ", options.path("optimiser").asText(),
        options.path("schedule").asText(), options.path("rate").asText(), options.path("warmup").asText(),
        options.path("batch").asText(), options.path("epochs").asText()));
    assertNotEquals(runs.get(1).path("accuracy"), runs.get(3).path("accuracy"), "each seed has an order of its own");

    List<CSVRecord> rows = CSVFormat.RFC4180.builder().setHeader().get().parse(
        new StringReader(Files.readString(csv))).getRecords();
    assertEquals(4, rows.size());
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(runs.get(i).path("stateDigest").asText(), rows.get(i).get("stateDigest"));
      assertEquals(runs.get(i).path("finalAccuracy").asText(), rows.get(i).get("finalAccuracy"));
      assertEquals(runs.get(i).path("options").toString(), rows.get(i).get("options"));
    }
    String page = Files.readString(report);
    for (String id : List.of("ranking", "over-the-stream", "cost", "confusions", "runs", "made")) {
      assertTrue(page.contains("<section id=\"" + id + "\""), id);
    }
    assertFalse(page.contains("<section id=\"memory\""));
    assertTrue(page.contains(" taken for "), "fine-tuning forgets, so that some confusion grows");
  }

  @Test
  void suite_finished_isNotRunAgain() throws IOException {
    Path out = dir.resolve("out");
    succeeded(split("--techniques", "ncm", "--seeds", 1, "--out", out));
    Path store = out.resolve("runs/ncm-seed-1/store/perennial.db");
    Files.delete(store);
    Path json = dir.resolve("again.json");
    Outcome again = succeeded(split("--techniques", "ncm", "--seeds", 1, "--out", out, "--json", json));
    assertFalse(Files.exists(store), "the run was run again");
    assertEquals("", again.err());
    assertEquals(1, json(json).size());
  }

  @Test
  void suite_withOtherOptionsThanTheOneInItsDirectory_isRefusedAndNothingIsOverwritten() throws IOException {
    Path out = dir.resolve("out");
    succeeded(split("--techniques", "ncm", "--seeds", 1, "--out", out));
    String before = Files.readString(out.resolve("suite.json"));
    refused(split("--techniques", "ncm", "--seeds", 2, "--out", out), "seeds was 1 and is 2", "another --out");
    refused(split("--techniques", "fine-tune", "--seeds", 1, "--out", out), "techniques fine-tune was not given");
    refused(split("--techniques", "ncm", "--seeds", 1, "--max-per-class", 5, "--out", out),
        "data maxPerClass was 0 and is 5");
    refused(split("--techniques", "ncm", "--seeds", 1, "--threads", 2, "--out", out), "threads was 1 and is 2");
    assertEquals(before, Files.readString(out.resolve("suite.json")));
    assertFalse(Files.exists(out.resolve("runs/ncm-seed-2")));
  }

  @Test
  void suite_inADirectoryOfSomethingElse_isRefused() throws IOException {
    refused(split("--techniques", "ncm", "--out", data), "an empty directory", "ubyte");
    Path file = Files.writeString(dir.resolve("file"), "");
    refused(split("--techniques", "ncm", "--out", file), "expected a directory for --out");
  }

  @Test
  void suite_ofWhatThereIsNot_isRefusedAndNothingIsMade() throws IOException {
    Path out = dir.resolve("out");
    refused(SuiteProcess.run("split-fashion-mist", "--out", out), "did you mean split-fashion-mnist?");
    refused(SuiteProcess.run("--out", out), "the name of a suite");
    refused(split("--techniques", "ncmm", "--out", out), "did you mean ncm?");
    refused(split("--techniques", "ncm,ncm", "--out", out), "ncm twice");
    refused(split("--techniques", "ncm,replay", "--option", "memry=5", "--out", out), "memry", "did you mean memory?");
    refused(split("--techniques", "ncm", "--technique-option", "replay:memory=5", "--out", out), "one of replay");
    refused(split("--techniques", "replay", "--option", "memory=many", "--out", out), "a whole number", "many");
    refused(split("--techniques", "ncm", "--seeds", 0, "--out", out), "--seeds between 1 and 1000, got 0");
    refused(SuiteProcess.run("permuted-fashion-mnist", "--data", dir.resolve("none"), "--out", out),
        "dataset-fashion-mnist", "--data DIR");
    refused(SuiteProcess.run("clinc150", "--data", dir.resolve("none.csv"), "--out", out), "--data FILE", "none.csv");
    refused(SuiteProcess.run("split-fashion-mnist", "--data", dir, "--out", out), "four IDX files");
    refused(split("--tasks", 2, "--out", out), "--tasks", "FILE of your own");
    Path csv = Files.writeString(dir.resolve("a.csv"), "text,label\na,b\n");
    refused(SuiteProcess.run(csv, "--text", "text", "--tasks", 2, "--out", out), "got no --label");
    refused(SuiteProcess.run(csv, "--text", "text", "--label", "kind", "--tasks", 2, "--out", out), "kind");
    refused(split("--memory-bytes", "5kB", "--memory-curve", "1kB,2kB", "--out", out), "got both");
    refused(split("--memory-curve", "1kB", "--out", out), "two or more budgets");
    refused(split("--json", dir, "--out", out), "got the directory");
    refused(split("--json", dir.resolve("x"), "--csv", dir.resolve("x"), "--out", out), "a file of its own");
    assertFalse(Files.exists(out));
  }

  @Test
  void suite_withATechniqueThatFails_runsTheOthersAndExitsWithOne() {
    Outcome outcome = split("--techniques", "ewc,ncm", "--seeds", 1, "--technique-option", "ewc:batch=4096",
        "--seconds", "0.0000001", "--technique-option", "ewc:fisherRows=1000", "--max-per-class", 10,
        "--out", dir.resolve("out"));
    assertEquals(1, outcome.exitCode(), outcome.complaint() + outcome.err());
    assertTrue(outcome.out().contains("ewc-seed-1 failed: the budget of "), outcome::out);
    assertTrue(outcome.out().contains("1. ncm "), outcome::out);
  }

  @Test
  void suite_withATimeBudget_countsWhatWasNotLearnedAsWrong() throws IOException {
    Path json = dir.resolve("suite.json");
    Outcome outcome = succeeded(split("--techniques", "ncm", "--seeds", 1, "--seconds", "0.0000001",
        "--out", dir.resolve("out"), "--json", json));
    JsonNode run = json(json).get(0);
    assertEquals(1, run.path("accuracy").size());
    assertTrue(run.path("finalAccuracy").asDouble() > 0.5, run::toString);
    assertEquals(run.path("finalAccuracy").asDouble() / 5, run.path("streamAccuracy").asDouble(), 1e-12);
    assertTrue(run.path("stopped").asText().contains("in experience 2 of 5"), run::toString);
    assertTrue(outcome.out().contains("ncm-seed-1: its "), outcome::out);
  }

  @Test
  void suite_withMemoryBudgets_keepsToThemAndHasAreasUnderTheCurve() throws IOException {
    Path json = dir.resolve("suite.json");
    Path report = dir.resolve("suite.html");
    Outcome outcome = succeeded(split("--techniques", "ewc,fine-tune,g-acil,replay", "--seeds", 1,
        "--memory-curve", "300,900,100kB", "--out", dir.resolve("out"), "--json", json, "--report", report));
    var kept = new TreeMap<String, Long>();
    for (JsonNode run : json(json)) {
      long bytes = run.path("memoryBytes").asLong();
      assertTrue(bytes <= run.path("memoryBudget").asLong(), run::toString);
      kept.put(run.path("technique").asText() + " " + run.path("memoryBudget"), bytes);
    }
    // An image of 4 x 4 samples and a label of one digit: 17 bytes a sample.
    assertEquals(300 / 17 * 17, kept.get("replay 300"));
    assertEquals(900 / 17 * 17, kept.get("replay 900"));
    assertEquals(0, kept.get("fine-tune 300"));
    assertFalse(kept.containsKey("ewc 900"), "two copies of the network do not fit");
    assertTrue(kept.getOrDefault("g-acil 100000", 0L) > 50_000, kept::toString);
    assertTrue(outcome.out().contains("ewc-seed-1-memory-300 is left out: it keeps "), outcome::out);
    assertTrue(outcome.out().contains("AUC-L"), outcome::out);
    assertTrue(Files.readString(report).contains("<section id=\"memory\""));
  }

  @Test
  void permutedImages_areLearnedAsDomains() throws IOException {
    Path json = dir.resolve("suite.json");
    succeeded(SuiteProcess.run("permuted-fashion-mnist", "--data", data, "--techniques", "joint", "--seeds", 1,
        "--out", dir.resolve("out"), "--json", json));
    JsonNode run = json(json).get(0);
    assertEquals("domain-incremental 5 10", String.join(" ", run.path("scenario").asText(),
        run.path("tasks").asText(), run.path("classes").asText()));
    assertEquals(5, run.path("accuracy").size());
  }

  @Test
  void ownFile_isASuiteOfTheNameOfTheFile() throws IOException {
    var rows = new StringBuilder("body,folder\n");
    for (int i = 0; i < 10; i++) {
      rows.append("the ").append(i).append(" owl flew over trees,\"birds, owls\"\n");
      rows.append(i).append(" coins of gold and silver,money\n");
    }
    Path csv = Files.writeString(dir.resolve("mail.csv"), rows);
    Path json = dir.resolve("suite.json");
    succeeded(SuiteProcess.run(csv, "--text", "body", "--label", "folder", "--tasks", 2, "--techniques", "ncm",
        "--seeds", 1, "--threads", 2, "--out", dir.resolve("out"), "--json", json));
    JsonNode run = json(json).get(0);
    assertEquals("mail.csv", run.path("suite").asText());
    assertEquals(1.0, run.path("finalAccuracy").asDouble());
    assertEquals(2, run.path("threads").asInt());
  }
}
