package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.store.Access;
import dev.perennial.store.Store;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VerifyCommandTest {

  @TempDir Path dir;
  private Path store = Path.of("");

  /** In a directory whose name has a space and letters from elsewhere. */
  @BeforeEach
  void learn() throws IOException {
    Path csv = Words.csv(dir.resolve("words.csv"));
    store = dir.resolve("größe 重 store");
    Cli.run("learn", Words.options(csv), "--store", store, "--durability", "async", "--snapshot-every", 1)
        .succeeded();
  }

  private Path newestBlob() throws IOException {
    try (Store reader = Store.open(store, Access.READ)) {
      var commits = reader.commits();
      var before = commits.get(1).parts();
      String sha = commits.get(0).parts().stream().filter(part -> !before.contains(part)).findFirst().orElseThrow().sha256();
      return store.resolve("blobs").resolve(sha + ".safetensors");
    }
  }

  @Test
  void verify_wholeStore_saysSoAndChangesNothing() throws IOException {
    var before = Cli.snapshot(store.resolve("blobs"));
    Path json = dir.resolve("verified.json");
    Cli.Outcome outcome = Cli.run("verify", "--store", store, "--json", json).succeeded();
    assertTrue(outcome.out().matches("All of .* in \\d+ blobs and 2 commits is as it was written\\.\\s+"), outcome.out());
    JsonNode found = Cli.json(json);
    assertEquals(2, found.get("commits").asInt());
    assertEquals(2, found.get("wholeCommits").asInt());
    assertTrue(found.get("head").asInt() >= 2);
    assertEquals(0, found.get("damage").size());
    assertEquals(before, Cli.snapshot(store.resolve("blobs")));
  }

  @Test
  void verify_damagedStore_namesThePlaceAndTheCommitToGoOnFrom() throws IOException {
    Path blob = newestBlob();
    byte[] bytes = Files.readAllBytes(blob);
    bytes[bytes.length - 1] ^= 1;
    Files.write(blob, bytes);
    Path json = dir.resolve("verified.json");
    Cli.Outcome outcome = Cli.run("verify", "--store", store, "--json", json);
    outcome.complains(1, "damaged in 1 place", "is the newest that is whole");
    assertTrue(outcome.err().contains(blob + ": expected SHA-256"), outcome.err());
    JsonNode found = Cli.json(json);
    assertEquals(1, found.get("damage").size());
    assertEquals(found.get("damage").get(0).get("commit").asLong() - 1, found.get("head").asLong());
    // A resumed run says where it goes on from, and ends as if nothing had been.
    Cli.Outcome resumed = Cli.run("resume", "--store", store).succeeded();
    assertTrue(resumed.err().contains("perennial goes back: ") && resumed.err().contains("going on from commit"), resumed.err());
    Cli.run("verify", "--store", store).succeeded();
  }

  @Test
  void verify_blobMissing_isDamage() throws IOException {
    Files.delete(newestBlob());
    Cli.run("verify", "--store", store).complains(1, "damaged in 1 place");
  }

  @Test
  void verify_noStoreOrNoDatabase_isRefused() throws IOException {
    Cli.run("verify", "--store", dir).complains(2, "expected a store");
    Cli.run("verify").complains(2, "--store");
    Files.writeString(store.resolve("perennial.db"), "nothing of a database\n".repeat(100));
    Cli.run("verify", "--store", store).complains(1, "cannot open the store");
  }

  @Test
  void learn_durabilityOutOfRange_isRefused() {
    for (List<Object> wrong : List.<List<Object>>of(
        List.of("--durability", "later"), List.of("--snapshot-every", -1), List.of("--most-behind", 0),
        List.of("--snapshot-rate", 0))) {
      Cli.run("resume", "--store", store, wrong).complains(2, wrong.getFirst().toString(), "got ");
    }
  }
}
