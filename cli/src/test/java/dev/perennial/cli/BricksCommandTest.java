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
