package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.store.Access;
import dev.perennial.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The list of scenarios, and streams learned as one of them says. */
final class ScenariosCommandTest {

  @TempDir static Path fixture;
  @TempDir Path dir;
  private static Path csv = Path.of("");

  @BeforeAll
  static void write() throws IOException {
    csv = Words.csv(fixture.resolve("words.csv"));
  }

  private Cli.Outcome learn(Object... more) {
    var arguments = new ArrayList<Object>(List.of(
        "learn", "--data", csv, "--text", "text", "--label", "label", "--split", "part", "--threads", 2, "--store", dir.resolve("store"), "--json", dir.resolve("figures.json")));
    arguments.addAll(List.of(more));
    return Cli.run(arguments.toArray());
  }

  private JsonNode figures() throws IOException {
    return Cli.json(dir.resolve("figures.json"));
  }

  @Test
  void scenarios_json_namesEachWithSourceAndOptions() throws IOException {
    var options = new HashMap<String, String>();
    for (JsonNode scenario : Cli.json(Cli.run("scenarios", "--json").succeeded().out())) {
      options.put(scenario.get("name").asText(), scenario.get("options").toString());
      for (String field : List.of("what", "title", "source")) {
        assertFalse(scenario.get(field).asText().isBlank(), scenario.toString());
      }
    }
    assertEquals("{\"share\":0.1}", options.get("blurry"));
    assertEquals("{}", options.get("data-incremental"));
    assertEquals("{\"classes\":\"shuffled\"}", options.get("class-incremental"));
  }

  @Test
  void scenarios_people_seeNamesSourcesAndDefaults() {
    String shown = Cli.run("scenarios").succeeded().out();
    assertTrue(shown.contains("class-incremental   (the default)"), shown);
    assertTrue(shown.contains("  options  base=0  ways=5  shots=5"), shown);
  }

  @Test
  void learn_scenarioWithOptions_isInFiguresAndStore() throws IOException {
    learn("--scenario", "blurry", "--scenario-option", "share=0.5", "--tasks", 2, "--technique", "ncm").succeeded();
    assertEquals("blurry share=0.5", figures().get("scenario").asText());
    assertEquals(2, figures().get("accuracy").size());
    JsonNode view = Cli.json(Cli.run("inspect", "--store", dir.resolve("store"), "--json").succeeded().out());
    assertEquals("blurry share=0.5", view.get("scenario").asText());
    Path again = dir.resolve("again.json");
    Cli.run("resume", "--store", dir.resolve("store"), "--json", again).succeeded();
    assertEquals(figures().get("stateDigest"), Cli.json(again).get("stateDigest"));
  }

  @Test
  void learn_scenarioOptionsInConfig_areMergedWithThoseTyped() throws IOException {
    Path config = Files.writeString(dir.resolve("run.yaml"), """
        scenario: drift
        scenario-option: {kind: gradual, width: 0.1}
        tasks: 3
        technique: ncm
        """);
    learn("--config", config, "--scenario-option", "width=1").succeeded();
    assertEquals("drift kind=gradual width=1", figures().get("scenario").asText());
  }

  @Test
  void learn_online_makesOnePassAndReportsTheExperiences() throws IOException {
    Cli.Outcome outcome = learn("--scenario", "online", "--scenario-option", "chunk=5", "--tasks", 2, "--technique",
        "replay", "--option", "memory=20").succeeded();
    assertEquals(1, figures().get("options").get("epochs").asInt());
    assertEquals(2, figures().get("tasks").asInt());
    assertEquals(2, figures().get("accuracy").size());
    assertTrue(outcome.err().contains("online chunk=5 in 2 experiences"), outcome.err());
    assertTrue(outcome.err().contains("experience 2/2: 24 rows, 2 classes"), outcome.err());
    JsonNode view = Cli.json(Cli.run("inspect", "--store", dir.resolve("store"), "--json").succeeded().out());
    assertEquals(48, view.get("spent").get("labels").asInt(), "every row was charged once");
    assertEquals(10, view.get("commits").get(0).get("experience").asInt(), "the last of ten pieces of 5 rows or 4");
  }

  @Test
  void learn_severalLabelsARow_countsEachPairOnce() throws IOException {
    Path sets = Files.writeString(dir.resolve("sets.csv"), """
        text,label,part
        the apple is here,fruit,train
        the iron is here,metal,train
        the owl is here,bird,train
        tennis is here,sport,train
        an owl and an apple,bird|fruit,train
        an iron owl,bird|metal,train
        a pear,fruit,test
        a crow eats a pear,bird|fruit,test
        golf with a copper club,metal|sport,test
        """);
    Cli.run("learn", "--data", sets, "--text", "text", "--label", "label", "--split", "part", "--label-separator", "|",
        "--scenario", "multi-label", "--tasks", 2, "--technique", "ncm", "--threads", 2, "--store",
        dir.resolve("sets"), "--json", dir.resolve("figures.json")).succeeded();
    assertEquals(4, figures().get("classes").asInt());
    double pairs = 5 * figures().get("finalAccuracy").asDouble();
    assertEquals(Math.rint(pairs), pairs, 1e-9, "of five pairs of a test row and a label");
    assertTrue(pairs >= 4, "right are " + pairs + " of 5");
  }

  /** Stores of version 0.1 name the scenario by a constant. */
  @Test
  void resume_storeOfVersion01_goesOnToTheSameState() throws IOException {
    learn("--tasks", 2, "--technique", "ncm").succeeded();
    String spec;
    try (Store store = Store.open(dir.resolve("store"), Access.READ)) {
      spec = store.spec();
    }
    String before = spec.replace("{\"id\":\"class-incremental\",\"options\":{}}", "\"CLASS_INCREMENTAL\"")
        .replace(",\"labelSeparator\":null", "");
    assertTrue(before.contains("\"CLASS_INCREMENTAL\"") && !before.contains("labelSeparator"), before);
    Store.create(dir.resolve("before"), before).close();
    Path again = dir.resolve("again.json");
    Cli.run("resume", "--store", dir.resolve("before"), "--json", again).succeeded();
    assertEquals(figures().get("stateDigest"), Cli.json(again).get("stateDigest"));
    assertEquals("class-incremental", Cli.json(again).get("scenario").asText());
  }

  @Test
  void learn_impossibleScenario_isRefusedAndMakesNoStore() throws IOException {
    Object[][] requests = {
        {"--tasks", 2, "--scenario", "blury"}, {"--tasks", 2, "--scenario-option", "share=1"},
        {"--tasks", 2, "--scenario", "blurry", "--scenario-option", "share=2"},
        {"--tasks", 3, "--scenario", "few-shot"}, {"--tasks", 5, "--scenario", "gradual"}, {"--scenario", "recurring"},
        {"--scenario", "hierarchical"}, {"--tasks", 2, "--scenario", "multi-label"},
        {"--tasks", 2, "--scenario", "online", "--technique", "replay", "--option", "epochs=3"}};
    String[][] words = {
        {"blury", "did you mean blurry"}, {"class-incremental", "share", "classes=shuffled"}, {"between 0 and 0.9", "2.0"},
        {"4 classes", "need 11"}, {"4 classes", "5 tasks"}, {"--tasks N"}, {"one level only", "separator="},
        {"several labels", "--label-separator"}, {"epochs=1", "epochs=3"}};
    for (int i = 0; i < requests.length; i++) {
      learn(requests[i]).complains(2, words[i]);
    }
    Path tree = Files.writeString(dir.resolve("tree.csv"), "fruit,plant\nbird,animal\nmetal,thing\nsport,thing\n");
    learn("--scenario", "hierarchical", "--scenario-option", "parents=" + tree)
        .complains(2, "one root", "there are 3 (animal, plant, thing)");
    assertFalse(Files.exists(dir.resolve("store/perennial.db")));
  }
}
