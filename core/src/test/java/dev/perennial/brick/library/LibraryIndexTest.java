package dev.perennial.brick.library;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LibraryIndexTest {

  @TempDir private Path dir = Path.of("");

  private final Backbone backbone = TinyBert.backbone();

  @AfterEach
  void close() {
    backbone.close();
  }

  private void add(Library library, String name, int rank) {
    var options = BrickOptions.of(new LoraOptions(rank, 3, 0, "query"));
    var tensors = new HashMap<String, TensorData>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      options.on(backbone).initialise(parameters, CounterRandom.of(rank));
      parameters.views().forEach(
          (tensor, view) -> tensors.put(tensor, TensorData.of(Tensors.toFloats(view), view.shape())));
    }
    library.add(name,
        SavedBrick.of(options, tensors, Map.of(), null, Provenance.of("s", rank, "t", "v", backbone)), backbone);
  }

  @Test
  void summaries_again_comeFromOneFileAndSeeWhatIsNewGoneOrReplaced() throws IOException {
    var library = new Library(dir);
    add(library, "one", 1);
    add(library, "two", 2);
    var first = library.summaries();
    assertEquals(List.of("one", "two"), List.copyOf(first.keySet()));
    assertEquals(64, Objects.requireNonNull(first.get("two")).parameters());
    Path index = dir.resolve(".index.json");
    assertTrue(Files.exists(index));
    // What the second listing says of a brick whose files were emptied since is what the index has.
    Path emptied = dir.resolve("one").resolve("adapter_config.json");
    FileTime then = Files.getLastModifiedTime(dir.resolve("one"));
    Files.writeString(emptied, "");
    Files.setLastModifiedTime(dir.resolve("one"), then);
    assertEquals(first, library.summaries());
    add(library, "three", 3);
    delete(dir.resolve("two"));
    assertEquals(List.of("one", "three"), List.copyOf(library.summaries().keySet()));
    // Another stamp: its files are looked at again.
    Files.setLastModifiedTime(dir.resolve("one"), FileTime.fromMillis(1));
    assertThrows(FailureException.class, library::summaries);
    delete(dir.resolve("one"));
    Files.writeString(index, "{\"three\": ");
    assertEquals(96, Objects.requireNonNull(library.summaries().get("three")).parameters());
    Files.writeString(index, "{\"three\": null}");
    assertEquals(96, library.summaries().get("three").parameters());
  }

  private static void delete(Path directory) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }
}
