package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.library.Library;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bricks made smaller, and their versions in a library. */
final class BricksTest {

  @TempDir
  private Path directory = Path.of("");
  private final Backbone backbone = TinyBert.backbone();

  @AfterEach
  void close() {
    backbone.close();
  }

  private SavedBrick brick(String kind) {
    var options = new BrickOptions(kind, new LoraOptions(4, 8, 0, "usual"));
    var tensors = new TreeMap<String, TensorData>();
    options.on(backbone).shapes().forEach((name, shape) -> {
      long numbers = shape.stream().reduce(1L, Math::multiplyExact);
      tensors.put(name, TensorData.of(Matrices.normal(tensors.size(), (int) numbers),
          shape.stream().mapToLong(Long::longValue).toArray()));
    });
    var head = new SavedBrick.Head("linear-head", List.of("x", "y"), TensorData.of(Matrices.normal(9, 16), 2, 8),
        TensorData.of(new float[] {1, 2}, 2));
    return SavedBrick.of(options, tensors, Map.of(), head, Provenance.of("stream", 1, "fine-tune", "1", backbone));
  }

  private static SavedBrick made(SavedBrick of, String operation, String parent) {
    return new SavedBrick(of.options(), of.tensors(), of.fixed(), of.head(), of.provenance().madeBy(operation, parent));
  }

  @Test
  void shrunkBricks_ofSeveralKinds_areReadAsWhatTheirPartsMakeUp() {
    var library = new Library(directory.resolve("library"));
    for (String kind : List.of("lora", "delta", "adapter")) {
      SavedBrick saved = brick(kind);
      Packed packed = Shrink.at(Shrink.of(saved.tensors(), ShrinkOptions.of(ShrinkOptions.Method.NESTED),
          ShrinkProgress.NONE), ShrinkOptions.of(ShrinkOptions.Method.NESTED), 5);
      library.add(kind, saved, backbone);
      assertEquals(kind + "@2", library.addVersion(kind, made(saved, "nested", kind + "@1"), backbone, packed));
      SavedBrick read = library.read(kind, backbone);
      var expected = new TreeMap<>(saved.tensors());
      expected.putAll(packed.decode());
      assertEquals(expected, read.tensors());
      assertNotEquals(saved.tensors(), read.tensors());
      assertEquals(saved.head(), read.head());
      assertEquals(List.of(kind + "@1"), read.provenance().parents());
      assertEquals(kind, Objects.requireNonNull(library.summaries().get(kind)).kind());
      assertEquals(saved.tensors(), library.read(kind + "@1", backbone).tensors());
    }
    assertEquals(List.of("adapter", "delta", "lora"), library.names());
  }

  @Test
  void rollBack_ofVersions_goesOneFurtherBackEachTimeAndLosesNothing() {
    var library = new Library(directory.resolve("library"));
    SavedBrick first = brick("lora");
    Packed nested = Shrink.of(first.tensors(), ShrinkOptions.of(ShrinkOptions.Method.NESTED), ShrinkProgress.NONE);
    Packed pruned = Pruning.unstructured(0.5).of(first.tensors());
    library.add("a", first, backbone);
    library.add("ab", first, backbone);
    library.addVersion("a", made(first, "nested", "a@1"), backbone, nested);
    library.addVersion("a", made(first, "prune 0.5", "a@2"), backbone, pruned);
    assertEquals(3, library.newest("a"));
    Map<String, TensorData> third = library.read("a", backbone).tensors();
    assertEquals(pruned.decode(), third);

    assertEquals("a@4", library.rollBack("a", null, backbone));
    assertEquals(nested.decode(), library.read("a", backbone).tensors());
    assertEquals(List.of("a@2", "a@3"), library.read("a", backbone).provenance().parents());
    assertEquals("rollback", library.read("a", backbone).provenance().technique());

    assertEquals("a@5", library.rollBack("a", null, backbone));
    assertEquals(first.tensors(), library.read("a", backbone).tensors());
    assertEquals(first.head(), library.read("a", backbone).head());
    assertThrows(UsageException.class, () -> library.rollBack("a", null, backbone));

    assertEquals("a@6", library.rollBack("a", 3, backbone));
    assertEquals(third, library.read("a", backbone).tensors());
    for (int version = 1; version <= 6; version++) {
      assertTrue(library.has("a@" + version));
    }
    assertFalse(library.has("a@7"));
    assertEquals(1, library.newest("ab"));
    assertThrows(UsageException.class, () -> library.rollBack("a", 6, backbone));
    assertThrows(UsageException.class, () -> library.rollBack("a", 0, backbone));
    assertThrows(UsageException.class, () -> library.rollBack("a@2", null, backbone));
    assertThrows(UsageException.class, () -> library.rollBack("none", null, backbone));
    assertThrows(UsageException.class, () -> library.read("a@9", backbone));
  }

  @Test
  void damagedBrick_isRefusedAndItsOlderVersionsStay() throws IOException {
    var library = new Library(directory.resolve("library"));
    SavedBrick first = brick("lora");
    library.add("a", first, backbone);
    library.addVersion("a", made(first, "prune 2:4", "a@1"), backbone, Pruning.structure("2:4").of(first.tensors()));
    Path file = directory.resolve("library").resolve("a@2").resolve("brick.packed");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 3] ^= 4;
    Files.write(file, bytes);
    var refusal = assertThrows(FailureException.class, () -> library.read("a", backbone));
    assertEquals(1, String.valueOf(refusal.getMessage()).lines().count());
    assertEquals(first.tensors(), library.read("a@1", backbone).tensors());
    assertEquals("a@3", library.rollBack("a", 1, backbone));
    assertEquals(first.tensors(), library.read("a", backbone).tensors());
  }

  @Test
  void bitStack_ofABrick_hasTheBitsThatAreAskedFor() {
    SavedBrick saved = brick("delta");
    Packed whole = Shrink.of(saved.tensors(), ShrinkOptions.DEFAULT, ShrinkProgress.NONE);
    double before = Double.POSITIVE_INFINITY;
    for (double bits : new double[] {8, 16, 30}) {
      Packed packed = Shrink.at(whole, ShrinkOptions.DEFAULT, bits);
      assertTrue(packed.bitsPerWeight() <= bits);
      double error = 0;
      for (var tensor : packed.decode().entrySet()) {
        error += Matrices.error(Objects.requireNonNull(saved.tensors().get(tensor.getKey())).floats(), tensor.getValue());
      }
      assertTrue(error < before);
      before = error;
    }
  }
}
