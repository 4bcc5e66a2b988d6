package dev.perennial.brick.format;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.perennial.PerennialException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

final class BrickFilesPropertyTest {

  private static Backbone backbone = TinyBert.backbone();
  private static Path directory = Path.of("");
  private static int made;

  @BeforeContainer
  static void open() throws IOException {
    directory = Files.createTempDirectory("bricks");
  }

  @AfterContainer
  static void close() throws IOException {
    backbone.close();
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Provide
  Arbitrary<BrickOptions> options() {
    Arbitrary<String> kinds = Combinators.combine(
        Arbitraries.of("lora", "lora:rslora=true", "dora", "adalora", "ia3", "lora", "adapter", "sparse:density=0.3"),
        Arbitraries.of("", "ranks=layer.0.*:%d", "ranks=.*query:%d .*1.*:1"), Arbitraries.integers().between(1, 5))
        .as((kind, pattern, rank) -> pattern.isEmpty() || !kind.matches(".*(lora|dora).*")
            ? kind
            : kind + (kind.contains(":") ? "," : ":") + (kind.equals("adalora") ? "initialRank=6," : "")
                + pattern.formatted(rank));
    Arbitrary<String> sites = Arbitraries.of("query", "query|key|value", ".*dense", ".*[01].attention.self.query", "usual");
    return Combinators.combine(kinds, sites, Arbitraries.integers().between(1, 6), Arbitraries.of(0.5, 1.0, 16.0, 3e-7))
        .as((kind, where, rank, alpha) -> new BrickOptions(kind, new LoraOptions(rank, alpha, 0, where)))
        .filter(options -> {
          try {
            return options.on(backbone).sites().size() > 0;
          } catch (PerennialException e) {
            return false;
          }
        });
  }

  @Property(tries = 60)
  void exportImportExport_anyLayout_givesIdenticalBytes(@ForAll("options") BrickOptions options) throws IOException {
    SavedBrick saved = saved(options);
    Path first = write(saved);
    SavedBrick read = BrickFiles.read(first, backbone);
    assertEquals(saved.tensors(), read.tensors());
    assertEquals(saved.on(backbone).sites(), read.on(backbone).sites());
    Path second = write(read);
    try (var files = Files.list(first)) {
      for (Path file : files.toList()) {
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(second.resolve(file.getFileName())));
      }
    }
  }

  @Property(tries = 150)
  void read_anyByteChanged_givesABrickOrOneLine(@ForAll("options") BrickOptions options, @ForAll @IntRange(max = 1 << 20) int place,
      @ForAll byte value, @ForAll boolean cut) throws IOException {
    Path brick = write(saved(options));
    List<Path> files;
    try (var listed = Files.list(brick)) {
      files = listed.sorted().toList();
    }
    Path file = files.get(place % files.size());
    byte[] bytes = Files.readAllBytes(file);
    int at = place % bytes.length;
    bytes[at] = value;
    Files.write(file, cut ? Arrays.copyOf(bytes, at) : bytes);
    try {
      BrickFiles.read(brick, backbone);
    } catch (PerennialException e) {
      assertFalse(String.valueOf(e.getMessage()).contains("\n"), e.getMessage());
    }
  }

  private static Path write(SavedBrick saved) {
    Path place = directory.resolve("brick" + made++);
    BrickFiles.write(place, saved, backbone);
    return place;
  }

  private static SavedBrick saved(BrickOptions options) {
    Brick brick = options.on(backbone);
    try (Parameters fresh = new Parameters()) {
      brick.initialise(fresh, CounterRandom.of(1));
      Map<String, TensorData> tensors = new HashMap<>();
      fresh.state().forEach((name, data) -> tensors.put(
          name, TensorData.of(data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray())));
      return SavedBrick.of(options, tensors, brick.fixed(), null,
          new Provenance("stream", 7, "fine-tune", "0.1", List.of(), backbone.digest(), ""));
    }
  }
}
