package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorFormat;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A brick as a directory of files.
 *
 * <p>Kinds that PEFT has a format for (LoRA, DoRA, AdaLoRA, IA3, prompt, prefix) lie in PEFT's layout, byte for byte as it
 * writes them: {@code adapter_config.json} and {@code adapter_model.safetensors}, and beside them
 * {@code perennial.json}, which PEFT does not look at, with provenance, the digest of the backbone and the names of the
 * classes. All other kinds are one file, {@code brick.safetensors}, with the same in its metadata, and a brick of any kind
 * that was made smaller is one file of another {@link TensorFormat}.
 *
 * <p>Reading is strict: whatever is missing, unexpected, of another shape, twice there, or made for another backbone is
 * refused in one line that names file, tensor and expectation. Nothing is allocated by a size that a file claims. What
 * PEFT wrote has no {@code perennial.json}, and tells neither backbone nor classes: it is taken to be of the backbone that
 * it is read for, whose shapes it must have, and classes are numbers.
 */
public final class BrickFiles {

  static final String CONFIG = "adapter_config.json";
  static final String TENSORS = "adapter_model.safetensors";
  static final String LINEAGE = "perennial.json";
  static final String OWN = "brick.safetensors";

  /** What the name of a file of another format begins with. */
  private static final String STEM = "brick";

  /** The key of the lineage in the metadata of a file of our own. */
  private static final String PERENNIAL = "perennial";

  private static final String PICKLE = "adapter_model.bin";

  private BrickFiles() {}

  /** What a directory tells of its brick without a backbone. */
  public record Summary(String kind, long parameters, Provenance provenance) {}

  /**
   * Writes a brick into a new directory, which appears whole or not at all.
   *
   * @param directory must not be there, or be empty
   * @param backbone that the brick was made for
   * @throws UsageException if the directory holds something
   * @throws FailureException if it cannot be written, or the brick is not one of that backbone
   */
  public static void write(Path directory, SavedBrick saved, Backbone backbone) {
    Brick brick = checked(saved, backbone);
    inNew(directory, temporary -> writeFiles(temporary, saved, brick, backbone));
  }

  /**
   * The same in one file of another format.
   *
   * @param writer of its tensors
   */
  public static void write(Path directory, SavedBrick saved, Backbone backbone, TensorFormat.Writer writer) {
    checked(saved, backbone);
    inNew(directory, temporary -> writer.write(
        temporary.resolve(STEM + "." + writer.suffix()), ownTensors(saved), Map.of(PERENNIAL, ownLineage(saved))));
  }

  private static Brick checked(SavedBrick saved, Backbone backbone) {
    requireBase(saved.provenance().base(), backbone, "the brick");
    Brick brick = saved.on(backbone);
    BrickTensors.check(saved.tensors(), brick.shapes(), "the brick");
    return brick;
  }

  /** Fills a directory. */
  private interface Filling {
    void into(Path directory) throws IOException;
  }

  private static void inNew(Path directory, Filling filling) {
    Path place = directory.toAbsolutePath().normalize();
    Path parent = place.getParent();
    if (parent == null || Files.exists(place) && !isEmptyDirectory(place)) {
      throw new UsageException("expected a new directory for a brick, got " + directory + ", which is there already: name"
          + " another place");
    }
    Path temporary = place.resolveSibling("." + place.getFileName() + ".tmp");
    try {
      Files.createDirectories(parent);
      deleteFiles(temporary);
      Files.createDirectory(temporary);
      filling.into(temporary);
      Files.deleteIfExists(place);
      Files.move(temporary, place, StandardCopyOption.ATOMIC_MOVE);
      sync(parent);
    } catch (IOException e) {
      throw new FailureException("cannot write the brick " + directory + ": " + e.getClass().getSimpleName() + ": "
          + e.getMessage() + "; check the place and its space", e);
    }
  }

  private static TreeMap<String, TensorData> ownTensors(SavedBrick saved) {
    var tensors = new TreeMap<>(saved.tensors());
    tensors.putAll(saved.fixed());
    HeadTensors.put("head", saved.head().orElse(null), tensors);
    return tensors;
  }

  private static String ownLineage(SavedBrick saved) {
    return new Lineage(saved.provenance(), saved.options(), saved.head().map(SavedBrick.Head::kind).orElse(null),
        saved.head().map(SavedBrick.Head::classes).orElse(List.of())).text();
  }

  /**
   * Writes a brick's files once more into a new directory, the tensors to the byte, with another provenance.
   *
   * @throws FailureException if they cannot be read or written
   */
  public static void copy(Path from, Path to, Provenance provenance) {
    inNew(to, temporary -> {
      TensorFormat.Found packed = TensorFormat.find(from, STEM).orElse(null);
      Path own = from.resolve(OWN);
      if (packed != null) {
        packed.format().copy(packed.file(), temporary.resolve(packed.file().getFileName()), Map.of(PERENNIAL,
            relabelled(ownLineage(packed.format().header(packed.file()).metadata(), packed.file()), provenance)));
      } else if (Files.exists(own)) {
        try (SafetensorsFile tensors = Safetensors.open(own)) {
          Safetensors.write(temporary.resolve(OWN), tensors.tensors(), Map.of(
              "format", "pt", PERENNIAL, relabelled(ownLineage(tensors.metadata(), own), provenance)));
        }
      } else {
        Files.copy(from.resolve(CONFIG), temporary.resolve(CONFIG));
        Files.copy(from.resolve(TENSORS), temporary.resolve(TENSORS));
        sync(temporary.resolve(CONFIG));
        sync(temporary.resolve(TENSORS));
        Lineage lineage = lineage(from.resolve(LINEAGE));
        writeText(temporary.resolve(LINEAGE), lineage == null
            ? new Lineage(provenance, null, null, List.of()).text()
            : relabelled(lineage, provenance));
      }
    });
  }

  private static String relabelled(Lineage lineage, Provenance provenance) {
    return new Lineage(provenance, lineage.options(), lineage.headKind(), lineage.classes()).text();
  }

  private static void writeFiles(Path directory, SavedBrick saved, Brick brick, Backbone backbone) throws IOException {
    SavedBrick.Head head = saved.head().orElse(null);
    BrickKind<?> kind = BrickKinds.load().choose(saved.options().brick()).kind();
    PeftFormat format = PeftFormat.ALL.stream().filter(candidate -> candidate.fits(kind)).findFirst().orElse(null);
    var tensors = new TreeMap<String, TensorData>();
    String headKind = head == null ? null : head.kind();
    List<String> classes = head == null ? List.of() : head.classes();
    if (format == null) {
      Safetensors.write(
          directory.resolve(OWN), ownTensors(saved), Map.of("format", "pt", PERENNIAL, ownLineage(saved)));
      return;
    }
    var names = new BrickTensors.Names(head != null && !brick.sites().isEmpty() ? PeftConfig.ENCODER : "");
    saved.tensors().forEach((name, tensor) -> tensors.put(names.inFile(name), tensor));
    HeadTensors.put(HeadTensors.moduleOf(brick), head, tensors);
    var config = new TreeMap<String, Object>();
    config.put("auto_mapping", null);
    config.put("base_model_name_or_path", hubName(backbone.name()));
    config.put("inference_mode", true);
    config.put("modules_to_save", head == null ? null : List.of("classifier", "score"));
    config.put("peft_type", format.type());
    config.put("peft_version", "0.21.0");
    config.put("revision", null);
    config.put("task_type", head == null ? "FEATURE_EXTRACTION" : "SEQ_CLS");
    format.describe(saved.options(), brick, backbone, head != null, config);
    writeText(directory.resolve(CONFIG), PythonJson.text(config));
    Safetensors.write(directory.resolve(TENSORS), tensors, Map.of("format", "pt"));
    writeText(directory.resolve(LINEAGE), new Lineage(saved.provenance(), null, headKind, classes).text());
  }

  /** What the backbone is called on Hugging Face's hub, or its directory. */
  private static String hubName(String backbone) {
    return switch (backbone) {
      case "minilm" -> "sentence-transformers/all-MiniLM-L6-v2";
      case "bge-small-en" -> "BAAI/bge-small-en-v1.5";
      default -> backbone;
    };
  }

  /**
   * Reads a brick for a backbone. Tensors of F16 and BF16 are widened to F32.
   *
   * @throws UsageException if there is no brick
   * @throws FailureException if a file is damaged or contradicts another, or the brick is of another backbone
   */
  public static SavedBrick read(Path directory, Backbone backbone) {
    TensorFormat.Found packed = TensorFormat.find(directory, STEM).orElse(null);
    if (packed != null) {
      Path file = packed.file();
      return readOwn(packed.format().read(file, Long.MAX_VALUE), packed.format().header(file).metadata(), file, backbone);
    }
    Path own = directory.resolve(OWN);
    if (Files.exists(own)) {
      try (SafetensorsFile tensors = Safetensors.open(own)) {
        return readOwn(tensors.tensors(), tensors.metadata(), own, backbone);
      }
    }
    requireBrick(directory);
    Path config = directory.resolve(CONFIG);
    var read = new PeftConfig(config.toString(), StrictJson.read(config));
    PeftFormat format = format(read);
    Lineage lineage = lineage(directory.resolve(LINEAGE));
    if (lineage != null) {
      requireBase(lineage.provenance().base(), backbone, directory.resolve(LINEAGE).toString());
    }
    BrickOptions options = format.options(read, backbone);
    Brick brick = PeftConfig.checked(read.where(), () -> options.on(backbone));
    Path file = directory.resolve(TENSORS);
    try (SafetensorsFile tensors = Safetensors.open(file)) {
      var names = BrickTensors.Names.of(tensors.names());
      Map<String, TensorData> found = names.canonical(tensors.tensors(), file.toString());
      SavedBrick.Head head = HeadTensors.take(HeadTensors.modulesOf(brick), found, backbone.width(), lineage, file.toString());
      BrickTensors.check(found, brick.shapes(), file.toString());
      return SavedBrick.of(options, BrickTensors.floats(found, file.toString()), Map.of(), head,
          lineage == null ? imported(backbone) : lineage.provenance());
    }
  }

  private static SavedBrick readOwn(
      Map<String, TensorData> tensors, Map<String, String> metadata, Path file, Backbone backbone) {
    Lineage lineage = ownLineage(metadata, file);
    requireBase(lineage.provenance().base(), backbone, file.toString());
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

  /**
   * What a directory tells of its brick without a backbone: headers are read, tensors are not.
   *
   * @throws UsageException if there is no brick
   * @throws FailureException if a file is damaged
   */
  public static Summary summary(Path directory) {
    TensorFormat.Found packed = TensorFormat.find(directory, STEM).orElse(null);
    if (packed != null) {
      TensorFormat.Header header = packed.format().header(packed.file());
      return ownSummary(ownLineage(header.metadata(), packed.file()), header.shapes().values().stream()
          .mapToLong(shape -> shape.stream().reduce(1L, Math::multiplyExact)).sum());
    }
    Path own = directory.resolve(OWN);
    if (Files.exists(own)) {
      try (SafetensorsFile tensors = Safetensors.open(own)) {
        return ownSummary(ownLineage(tensors.metadata(), own), numbers(tensors));
      }
    }
    requireBrick(directory);
    Path config = directory.resolve(CONFIG);
    var read = new PeftConfig(config.toString(), StrictJson.read(config));
    Lineage lineage = lineage(directory.resolve(LINEAGE));
    String kind = read.type().equals("LORA") && read.truth("use_dora", false)
        ? "dora"
        : PeftFormat.ALL.indexOf(format(read)) < 3
            ? read.type().toLowerCase(Locale.ROOT)
            : read.type().equals("PROMPT_TUNING") ? "prompt" : "prefix";
    try (SafetensorsFile tensors = Safetensors.open(directory.resolve(TENSORS))) {
      return new Summary(kind, numbers(tensors), lineage == null
          ? new Provenance("", 0, "imported", "", List.of(), "", "")
          : lineage.provenance());
    }
  }

  private static Summary ownSummary(Lineage lineage, long numbers) {
    BrickOptions options = lineage.options();
    return new Summary(options == null ? "" : options.brick(), numbers, lineage.provenance());
  }

  private static long numbers(SafetensorsFile tensors) {
    return tensors.tensors().values().stream().mapToLong(data -> data.data().byteSize() * 8 / data.dtype().bits()).sum();
  }

  private static void requireBrick(Path directory) {
    if (!Files.exists(directory.resolve(CONFIG))) {
      throw new UsageException("expected a brick, as " + CONFIG + " and " + TENSORS + " or as " + OWN + ", in " + directory
          + ", found neither: check the path");
    }
    if (!Files.exists(directory.resolve(TENSORS)) && Files.exists(directory.resolve(PICKLE))) {
      throw new FailureException("expected " + TENSORS + " in " + directory + ", found " + PICKLE
          + ", which can run any program when it is read: save the adapter again with safe_serialization=True");
    }
  }

  private static PeftFormat format(PeftConfig config) {
    String type = config.type();
    return PeftFormat.ALL.stream().filter(format -> format.type().equals(type)).findFirst()
        .orElseThrow(() -> new FailureException("expected a peft_type among "
            + String.join(", ", PeftFormat.ALL.stream().map(PeftFormat::type).toList()) + " in " + config.where()
            + ", found " + type));
  }

  private static @Nullable Lineage lineage(Path file) {
    return Files.exists(file) ? Lineage.of(StrictJson.read(file), file.toString()) : null;
  }

  private static Lineage ownLineage(Map<String, String> metadata, Path file) {
    String text = metadata.get(PERENNIAL);
    if (text == null) {
      throw new FailureException("expected a brick's lineage in the metadata of " + file + ", found none: it is another"
          + " sort of file");
    }
    String where = "the metadata of " + file;
    return Lineage.of(StrictJson.parse(text, where), where);
  }

  private static Provenance imported(Backbone backbone) {
    return new Provenance("", 0, "imported", "", List.of(), backbone.digest(), "");
  }

  private static void requireBase(String base, Backbone backbone, String where) {
    if (!base.equals(backbone.digest())) {
      throw new FailureException("expected a brick of the backbone " + backbone.name() + " of digest " + backbone.digest()
          + " in " + where + ", found one of the backbone of digest " + base);
    }
  }

  private static boolean isEmptyDirectory(Path directory) {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      return !files.iterator().hasNext();
    } catch (IOException e) {
      throw new FailureException("cannot read the directory " + directory + ": " + e.getMessage(), e);
    }
  }

  /** Removes a directory of files; does nothing where there is none. */
  private static void deleteFiles(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  private static void writeText(Path file, String text) throws IOException {
    Files.writeString(file, text);
    sync(file);
  }

  private static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
