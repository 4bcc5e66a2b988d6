package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bricks of a store that a gradient technique has filled. */
final class BricksCommandTest {

  @TempDir static Path dir;
  private static Path store = Path.of("");

  @BeforeAll
  static void learnOnce() throws IOException {
    store = dir.resolve("store");
    Cli.run("learn", "--data", Words.csv(dir.resolve("words.csv")), "--text", "text", "--label", "label", "--tasks", 2,
        "--technique", "fine-tune", "--option", "brick=dora", "--option", "epochs=1", "--option", "rank=2", "--store", store)
        .succeeded();
  }

  @Test
  void exportImportExport_learnedBrick_givesIdenticalBytesAndIsListed() throws IOException {
    Path first = dir.resolve("first");
    Path second = dir.resolve("second");
    Cli.run("bricks", "export", "--store", store, "brick", first).succeeded();
    Cli.run("bricks", "import", "--store", store, "--name", "theirs", first).succeeded();
    Cli.run("bricks", "export", "--store", store, "theirs", second).succeeded();
    assertEquals(bytes(first), bytes(second));
    assertTrue(Files.readString(first.resolve("adapter_config.json")).contains("\"use_dora\": true"));

    JsonNode list = Cli.json(Cli.run("bricks", "list", "--store", store, "--json").succeeded().out());
    assertEquals(List.of("brick", "head", "theirs"), list.findValuesAsText("name"));
    assertEquals(List.of("dora", "linear-head", "dora"), list.findValuesAsText("kind"));

    JsonNode diff = Cli.json(Cli.run("bricks", "diff", "--store", store, "brick", "theirs", "--json").succeeded().out());
    assertEquals(12, diff.size());
    diff.forEach(row -> assertEquals(0, row.get("difference").asDouble()));

    JsonNode shown = Cli.json(Cli.run("bricks", "show", "--store", store, "theirs", "--json").succeeded().out());
    assertEquals("fine-tune", shown.get("provenance").get("technique").asText());
    assertEquals(36, shown.get("tensors").size());
    assertTrue(Cli.run("bricks", "show", "--store", store, "theirs").succeeded().out().contains("lora_magnitude_vector"));

    Cli.run("bricks", "import", "--store", store, "--name", "theirs", first).complains(2, "theirs", "taken");
    Cli.run("bricks", "import", "--store", store, "--name", "brick", first).complains(2, "brick", "learned");
  }

  @Test
  @Tag("heavy")
  void route_bricksOfTheLibrary_showsWeightsByEveryRouterThatHasWhatItNeeds() throws IOException {
    Path own = dir.resolve("routed");
    Cli.run("learn", "--data", dir.resolve("words.csv"), "--text", "text", "--label", "label", "--tasks", 2,
        "--technique", "fine-tune", "--option", "epochs=1", "--option", "rank=2", "--store", own).succeeded();
    Cli.run("bricks", "route", "--store", own, "a text").complains(2, "import");
    Path brick = dir.resolve("lora");
    Cli.run("bricks", "export", "--store", own, "brick", brick).succeeded();
    Cli.run("bricks", "import", "--store", own, "--name", "one", brick).succeeded();
    Cli.run("bricks", "import", "--store", own, "--name", "two", brick).succeeded();

    JsonNode routed = Cli.json(Cli.run("bricks", "route", "--store", own, "--json", "a text").succeeded().out());
    assertEquals("arrow", routed.get("router").asText());
    assertEquals(2, routed.get("bricks").size());
    routed.get("bricks").forEach(share -> assertEquals(0.5, share.get("weight").asDouble(), 1e-6));
    assertTrue(Files.exists(own.resolve("routing").resolve("arrow.safetensors")));
    Cli.run("bricks", "import", "--store", own, "--name", "three", brick).succeeded();
    routed = Cli.json(Cli.run("bricks", "route", "--store", own, "--json", "--top", 2, "a text").succeeded().out());
    assertEquals(2, routed.get("bricks").size());
    routed.get("bricks").forEach(share -> assertEquals(1 / 3.0, share.get("weight").asDouble(), 1e-6));

    Cli.run("bricks", "route", "--store", own, "--router", "prototypes", "x").complains(2, "teach");
    Cli.run("bricks", "route", "--store", own, "--router", "phatgoose", "x").complains(2, "vector");
    Cli.run("bricks", "route", "--store", own, "--router", "arow", "x").complains(2, "arrow");
    Cli.run("bricks", "teach", "--store", own, "brick", "x").complains(2, "library");
    Cli.run("bricks", "teach", "--store", own, "one", "the cat sat on the mat", "dogs bark at cats").succeeded();
    Cli.runWith("stocks fell today\nthe bank raised rates\n", "bricks", "teach", "--store", own, "two", "-").succeeded();
    var outcome = Cli.runWith("a cat and a dog\n\nshares rose at the bank\n", "bricks", "route", "--store", own, "--router",
        "prototypes", "-").succeeded();
    List<String> lines = outcome.out().lines().toList();
    assertEquals(2, lines.size());
    assertTrue(lines.get(0).startsWith("one\t") && lines.get(0).endsWith("\ta cat and a dog"), lines.get(0));
    assertTrue(lines.get(1).startsWith("two\t"), lines.get(1));
    assertTrue(outcome.err().contains("three"), outcome.err());
    JsonNode head = Cli.json(Cli.run("bricks", "show", "--store", own, "one", "--json").succeeded().out()).get("classes");
    Cli.runWith("nowhere\tx\n", "bricks", "gate", "--store", own, "one").complains(2, "nowhere");
    Cli.runWith("no tab\n", "bricks", "gate", "--store", own, "one").complains(2, "tab");
    Cli.runWith(head.get(0).asText() + "\ta text\n", "bricks", "gate", "--store", own, "one").succeeded();
    routed = Cli.json(
        Cli.run("bricks", "route", "--store", own, "--router", "phatgoose", "--json", "x").succeeded().out());
    assertEquals(List.of("one"), routed.findValuesAsText("brick"));
    lines = Cli.run("bricks", "route", "--store", own, "--router", "analytic", "--top", 1, "the cat and the dogs",
        "the bank raised stocks").succeeded().out().lines().toList();
    assertTrue(lines.get(0).startsWith("one\t") && lines.get(1).startsWith("two\t"), lines::toString);

    routed = Cli.json(Cli.run("bricks", "route", "--store", own, "--router", "task", "--task", "two", "--classes",
        "--json", "x").succeeded().out());
    assertEquals(List.of("two"), routed.findValuesAsText("brick"));
    String label = routed.get("label").asText();
    assertTrue(head.toString().contains('"' + label + '"'), label);
    assertTrue(Cli.run("bricks", "route", "--store", own, "--classes", "x").succeeded().out().startsWith(label + "\t"));
    Cli.run("bricks", "route", "--store", own, "--router", "task", "x").complains(2, "--task");
    Cli.run("bricks", "route", "--store", own, "--task", "two", "x").complains(2, "--task");
    Cli.run("bricks", "route", "--store", own, "--router", "task", "--task", "too", "x").complains(2, "two");

    Cli.run("bricks", "route", "--store", own, "--router", "top-p", "x").complains(2, "bricks gate --router top-p");
    Cli.runWith("a\tb\n", "bricks", "gate", "--store", own, "--router", "top").complains(2, "top-p");
    Cli.runWith("a\tb\n", "bricks", "gate", "--store", own, "--router", "top-p", "one").complains(2, "all of them");
    Cli.runWith("a\tb\n", "bricks", "gate", "--store", own).complains(2, "name");
    Cli.runWith("a\tb\n", "bricks", "gate", "--store", own, "one", "--steps", 0).complains(2, "--steps");
    for (String router : List.of("top-p", "recurrent")) {
      Cli.runWith(label + "\ta text\n", "bricks", "gate", "--store", own, "--router", router, "--steps", 2).succeeded();
      routed = Cli.json(Cli.run("bricks", "route", "--store", own, "--router", router, "--classes", "--json", "x")
          .succeeded().out());
      assertTrue(routed.get("bricks").size() > 0, routed::toString);
      assertTrue(head.toString().contains('"' + routed.get("label").asText() + '"'), routed::toString);
    }

    String examples = "p\tthe cat sat\nq\tstocks fell\n";
    for (String way : List.of("poly", "mhr", "mhr-z", "mhr-mu")) {
      Cli.runWith(examples, "bricks", "adapt", "--store", own, "--name", "by-" + way, "--from", "one,two", "--by", way,
          "--steps", 2).succeeded();
    }
    JsonNode made = Cli.json(Cli.run("bricks", "show", "--store", own, "by-mhr", "--json").succeeded().out());
    assertEquals("[\"p\",\"q\"]", made.get("classes").toString());
    assertEquals("[\"one@1\",\"two@1\"]", made.get("provenance").get("parents").toString());
    Cli.runWith(examples, "bricks", "adapt", "--store", own, "--name", "by-mhr").complains(2, "taken");
    Cli.runWith(examples, "bricks", "adapt", "--store", own, "--name", "n", "--by", "mhr-x").complains(2, "mhr-");
    Cli.runWith(examples, "bricks", "adapt", "--store", own, "--name", "n", "--heads", 5).complains(2, "heads");
    Cli.runWith(examples, "bricks", "adapt", "--store", own, "--name", "n", "--from", "nobody").complains(2, "nobody");
    Files.writeString(own.resolve("routing").resolve("prototypes.safetensors"), "not a tensor");
    Cli.run("bricks", "route", "--store", own, "--router", "prototypes", "x").complains(1, "prototypes.safetensors");
  }

  private static Map<String, ByteBuffer> bytes(Path directory) throws IOException {
    var bytes = new TreeMap<String, ByteBuffer>();
    try (var files = Files.list(directory)) {
      for (Path file : files.toList()) {
        bytes.put(file.getFileName().toString(), ByteBuffer.wrap(Files.readAllBytes(file)));
      }
    }
    assertEquals(3, bytes.size());
    return bytes;
  }

  @Test
  void bricks_thatAreNotThereOrDamaged_areRefusedAndNothingIsAdded() throws IOException {
    Cli.run("bricks", "export", "--store", store, "none", dir.resolve("out")).complains(2, "none", "brick");
    Cli.run("bricks", "export", "--store", store, "head", dir.resolve("out")).complains(2, "head");
    Cli.run("bricks", "import", "--store", store, "--name", "x", dir.resolve("nowhere")).complains(2, "nowhere");
    Path damaged = Files.createDirectory(dir.resolve("damaged"));
    Files.writeString(damaged.resolve("adapter_config.json"), "{\"peft_type\": \"LORA\", \"r\": 4}");
    Files.write(damaged.resolve("adapter_model.safetensors"), new byte[] {-1, -1, -1, -1, -1, -1, -1, 127, 0});
    Cli.run("bricks", "import", "--store", store, "--name", "x", damaged).complains(1, "adapter_model.safetensors");
    assertTrue(!Cli.run("bricks", "list", "--store", store).succeeded().out().contains("x "));
    Cli.run("learn", "--data", dir.resolve("words.csv"), "--text", "text", "--label", "label", "--tasks", 2,
        "--technique", "fine-tune", "--option", "brick=dorra", "--store", dir.resolve("new")).complains(2, "dora");
  }
}
