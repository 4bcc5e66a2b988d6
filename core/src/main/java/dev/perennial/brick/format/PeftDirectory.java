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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A brick in PEFT's layout: {@code adapter_config.json} and {@code adapter_model.safetensors}, byte for byte as PEFT writes
 * them, and beside them {@code perennial.json}, which PEFT does not look at.
 */
final class PeftDirectory {

  private static final String CONFIG = "adapter_config.json";
  private static final String TENSORS = "adapter_model.safetensors";
  private static final String LINEAGE = "perennial.json";
  private static final String PICKLE = "adapter_model.bin";

  /** Whose keys the configs have. PEFT puts its version into them since 0.18.0; those before it pass the key over. */
  private static final String VERSION = "0.21.0";

  private PeftDirectory() {}

  /** How PEFT writes a kind of brick; empty where it has no such type. */
  static Optional<PeftFormat> format(SavedBrick saved) {
    BrickKind<?> kind = BrickKinds.load().choose(saved.options().brick()).kind();
    return PeftFormat.ALL.stream().filter(candidate -> candidate.fits(kind)).findFirst();
  }

  static void write(Path directory, PeftFormat format, SavedBrick saved, Brick brick, Backbone backbone)
      throws IOException {
    SavedBrick.Head head = saved.head().orElse(null);
    var tensors = new TreeMap<String, TensorData>();
    String headKind = head == null ? null : head.kind();
    List<String> classes = head == null ? List.of() : head.classes();
    var names = new BrickTensors.Names(head != null && !brick.sites().isEmpty() ? PeftConfig.ENCODER : "");
    saved.tensors().forEach((name, tensor) -> tensors.put(names.inFile(name), tensor));
    HeadTensors.put(HeadTensors.moduleOf(brick), head, tensors);
    var config = new TreeMap<String, Object>();
    config.put("auto_mapping", null);
    config.put("base_model_name_or_path", hubName(backbone.name()));
    config.put("inference_mode", true);
    config.put("modules_to_save", head == null ? null : List.of("classifier", "score"));
    config.put("peft_type", format.type());
    config.put("peft_version", VERSION);
    config.put("revision", null);
    config.put("task_type", head == null ? "FEATURE_EXTRACTION" : "SEQ_CLS");
    format.describe(saved.options(), brick, backbone, head != null, config);
    NewDirectory.writeText(directory.resolve(CONFIG), PythonJson.text(config));
    Safetensors.write(directory.resolve(TENSORS), tensors, Map.of("format", "pt"));
    NewDirectory.writeText(directory.resolve(LINEAGE), new Lineage(saved.provenance(), null, headKind, classes).text());
  }

  /** What the backbone is called on Hugging Face's hub, or its directory. */
  private static String hubName(String backbone) {
    return switch (backbone) {
      case "minilm" -> "sentence-transformers/all-MiniLM-L6-v2";
      case "bge-small-en" -> "BAAI/bge-small-en-v1.5";
      default -> backbone;
    };
  }

  static void copy(Path from, Path to, Provenance provenance) throws IOException {
    Files.copy(from.resolve(CONFIG), to.resolve(CONFIG));
    Files.copy(from.resolve(TENSORS), to.resolve(TENSORS));
    NewDirectory.sync(to.resolve(CONFIG));
    NewDirectory.sync(to.resolve(TENSORS));
    Lineage lineage = lineage(from.resolve(LINEAGE));
    NewDirectory.writeText(to.resolve(LINEAGE), lineage == null
        ? new Lineage(provenance, null, null, List.of()).text()
        : lineage.relabelled(provenance));
  }

  static SavedBrick read(Path directory, Backbone backbone) {
    requireBrick(directory);
    Path config = directory.resolve(CONFIG);
    var read = new PeftConfig(config.toString(), StrictJson.read(config));
    PeftFormat format = format(read);
    Lineage lineage = lineage(directory.resolve(LINEAGE));
    if (lineage != null) {
      BrickFiles.requireBase(lineage.provenance().base(), backbone, directory.resolve(LINEAGE).toString());
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

  static BrickFiles.Summary summary(Path directory) {
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
      return new BrickFiles.Summary(kind, BrickTensors.numbers(tensors), lineage == null
          ? new Provenance("", 0, "imported", "", List.of(), "", "")
          : lineage.provenance());
    }
  }

  private static void requireBrick(Path directory) {
    if (!Files.exists(directory.resolve(CONFIG))) {
      throw new UsageException("expected a brick, as " + CONFIG + " and " + TENSORS + " or as " + OwnFile.FILE + ", in "
          + directory + ", found neither: check the path");
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

  private static Provenance imported(Backbone backbone) {
    return new Provenance("", 0, "imported", "", List.of(), backbone.digest(), "");
  }
}
