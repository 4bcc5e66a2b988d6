package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorFormat;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A brick as one file of our own: {@code brick.safetensors}, or of another {@link TensorFormat} where it was made smaller,
 * with the lineage in its metadata.
 */
final class OwnFile {

  static final String FILE = "brick.safetensors";

  /** What the name of a file of another format begins with. */
  private static final String STEM = "brick";

  /** The key of the lineage in the metadata. */
  private static final String PERENNIAL = "perennial";

  private OwnFile() {}

  /** Whether a directory holds one. */
  static boolean isIn(Path directory) {
    return TensorFormat.find(directory, STEM).isPresent() || Files.exists(directory.resolve(FILE));
  }

  static void write(Path directory, SavedBrick saved) {
    Safetensors.write(directory.resolve(FILE), tensors(saved), Map.of("format", "pt", PERENNIAL, lineage(saved)));
  }

  static void write(Path directory, SavedBrick saved, TensorFormat.Writer writer) throws IOException {
    writer.write(
        directory.resolve(STEM + "." + writer.suffix()), tensors(saved), Map.of(PERENNIAL, lineage(saved)));
  }

  static void copy(Path from, Path to, Provenance provenance) throws IOException {
    TensorFormat.Found packed = TensorFormat.find(from, STEM).orElse(null);
    if (packed != null) {
      packed.format().copy(packed.file(), to.resolve(packed.file().getFileName()), Map.of(PERENNIAL,
          lineage(packed.format().header(packed.file()).metadata(), packed.file()).relabelled(provenance)));
      return;
    }
    Path own = from.resolve(FILE);
    try (SafetensorsFile tensors = Safetensors.open(own)) {
      Safetensors.write(to.resolve(FILE), tensors.tensors(), Map.of(
          "format", "pt", PERENNIAL, lineage(tensors.metadata(), own).relabelled(provenance)));
    }
  }

  static SavedBrick read(Path directory, Backbone backbone) {
    TensorFormat.Found packed = TensorFormat.find(directory, STEM).orElse(null);
    if (packed != null) {
      Path file = packed.file();
      return read(packed.format().read(file, Long.MAX_VALUE), packed.format().header(file).metadata(), file, backbone);
    }
    Path own = directory.resolve(FILE);
    try (SafetensorsFile tensors = Safetensors.open(own)) {
      return read(tensors.tensors(), tensors.metadata(), own, backbone);
    }
  }

  private static SavedBrick read(
      Map<String, TensorData> tensors, Map<String, String> metadata, Path file, Backbone backbone) {
    Lineage lineage = lineage(metadata, file);
    BrickFiles.requireBase(lineage.provenance().base(), backbone, file.toString());
    BrickOptions options = lineage.options();
    if (options == null) {
      throw new FailureException("expected the kind of the brick in the metadata of " + file + ", found none");
    }
    Brick brick = PeftConfig.checked(file.toString(), () -> options.on(backbone));
    var found = new HashMap<>(tensors);
    SavedBrick.Head head = HeadTensors.take(List.of("head"), found, backbone.width(), lineage, file.toString());
    var fixed = new HashMap<String, TensorData>();
    for (String name : brick.fixed().keySet()) {
      TensorData data = found.remove(name);
      if (data != null) {
        fixed.put(name, TensorData.ofBytes(data.dtype(), data.data().toArray(ValueLayout.JAVA_BYTE),
            data.shape().stream().mapToLong(Long::longValue).toArray()));
      }
    }
    try {
      brick.restore(fixed);
    } catch (FailureException e) {
      throw new FailureException(file + ": " + e.getMessage(), e);
    }
    BrickTensors.check(found, brick.shapes(), file.toString());
    return SavedBrick.of(options, BrickTensors.floats(found, file.toString()), fixed, head, lineage.provenance());
  }

  static BrickFiles.Summary summary(Path directory) {
    TensorFormat.Found packed = TensorFormat.find(directory, STEM).orElse(null);
    if (packed != null) {
      TensorFormat.Header header = packed.format().header(packed.file());
      return summary(lineage(header.metadata(), packed.file()), header.shapes().values().stream()
          .mapToLong(shape -> shape.stream().reduce(1L, Math::multiplyExact)).sum());
    }
    Path own = directory.resolve(FILE);
    try (SafetensorsFile tensors = Safetensors.open(own)) {
      return summary(lineage(tensors.metadata(), own), BrickTensors.numbers(tensors));
    }
  }

  private static BrickFiles.Summary summary(Lineage lineage, long numbers) {
    BrickOptions options = lineage.options();
    return new BrickFiles.Summary(options == null ? "" : options.brick(), numbers, lineage.provenance());
  }

  private static TreeMap<String, TensorData> tensors(SavedBrick saved) {
    var tensors = new TreeMap<>(saved.tensors());
    tensors.putAll(saved.fixed());
    HeadTensors.put("head", saved.head().orElse(null), tensors);
    return tensors;
  }

  private static String lineage(SavedBrick saved) {
    return new Lineage(saved.provenance(), saved.options(), saved.head().map(SavedBrick.Head::kind).orElse(null),
        saved.head().map(SavedBrick.Head::classes).orElse(List.of())).text();
  }

  private static Lineage lineage(Map<String, String> metadata, Path file) {
    String text = metadata.get(PERENNIAL);
    if (text == null) {
      throw new FailureException("expected a brick's lineage in the metadata of " + file + ", found none: it is another"
          + " sort of file");
    }
    String where = "the metadata of " + file;
    return Lineage.of(StrictJson.parse(text, where), where);
  }
}
