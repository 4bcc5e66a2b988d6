package dev.perennial.backbone;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorFormat;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The tensors of a BERT model in a Hugging Face directory: {@code model.safetensors}, or the files that
 * {@code model.safetensors.index.json} names.
 *
 * <p>They are found under the names of {@code BertModel}, with {@code bert.} before them or not, and with the
 * {@code gamma} and {@code beta} of old files for a LayerNorm's weight and bias.
 */
final class HuggingFaceWeights implements AutoCloseable {

  private static final String STEM = "model";
  private static final String WHOLE = "model.safetensors";
  private static final String INDEX = "model.safetensors.index.json";
  private static final ValueLayout.OfShort HALF = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path directory;
  private final List<SafetensorsFile> files = new ArrayList<>();
  private final Map<String, TensorData> tensors = new TreeMap<>();
  private final Map<String, String> storedNames = new TreeMap<>();

  private HuggingFaceWeights(Path directory) {
    this.directory = directory;
  }

  /**
   * Opens the files of a directory. Close it when the weights were read.
   *
   * @throws UsageException if there are none
   * @throws FailureException if one is damaged, or does not hold what the index says
   */
  static HuggingFaceWeights open(Path directory) {
    return open(directory, Long.MAX_VALUE);
  }

  /**
   * The same from so many bytes at most of a file whose format can be loaded in part.
   *
   * @throws UsageException also if the weights of the directory are in no such file
   */
  static HuggingFaceWeights open(Path directory, long most) {
    var weights = new HuggingFaceWeights(directory);
    boolean opened = false;
    try {
      TensorFormat.Found packed = TensorFormat.find(directory, STEM).orElse(null);
      if (packed != null) {
        packed.format().read(packed.file(), most)
            .forEach((name, data) -> weights.add(name, data, packed.file().getFileName().toString()));
      } else if (most != Long.MAX_VALUE) {
        throw new UsageException("expected weights that can be loaded in part, as ./perennial shrink writes them, in "
            + directory + ", found none: leave @ and what follows away, or shrink the backbone first");
      } else if (Files.exists(directory.resolve(WHOLE))) {
        weights.file(WHOLE).tensors().forEach((name, data) -> weights.add(name, data, WHOLE));
      } else if (Files.exists(directory.resolve(INDEX))) {
        weights.shards();
      } else {
        throw new UsageException("expected " + WHOLE + " or " + INDEX + " in " + directory
            + ", found neither: save the model with save_pretrained(..., safe_serialization=True)");
      }
      opened = true;
      return weights;
    } finally {
      if (!opened) {
        weights.close();
      }
    }
  }

  /**
   * Copies the weights of an encoder of that shape into the open scope. F16 and BF16 are widened to float32.
   *
   * @throws FailureException if a tensor is missing, is not part of a BERT encoder, or has another shape or type
   */
  BertWeights read(BertConfig config) {
    BertWeights weights = BertWeights.assemble(
        config, directory.toString(), name -> new BertWeights.Stored(data(name), false));
    for (String name : tensors.keySet()) {
      if (!weights.tensors().containsKey(name) && !unused(name)) {
        throw new FailureException("expected only the tensors of a BERT encoder of " + config.layers() + " layers in "
            + directory + ", got " + storedNames.get(name) + " too: save the encoder alone");
      }
    }
    return weights;
  }

  private void shards() {
    Path index = directory.resolve(INDEX);
    JsonNode map = HuggingFaceConfig.object(index).path("weight_map");
    var namesByFile = new TreeMap<String, TreeSet<String>>();
    map.properties().forEach(entry ->
        namesByFile.computeIfAbsent(entry.getValue().asText(), file -> new TreeSet<>()).add(entry.getKey()));
    if (namesByFile.isEmpty()) {
      throw new FailureException("expected a \"weight_map\" from tensors to files in " + index + ", got none");
    }
    namesByFile.forEach((name, expected) -> {
      if (!name.matches("[\\w.-]+\\.safetensors")) {
        throw new FailureException("expected names of safetensors files beside " + index + ", got \"" + name + "\"");
      }
      SafetensorsFile file = file(name);
      if (!file.names().equals(expected)) {
        var differing = new TreeSet<>(expected);
        differing.addAll(file.names());
        differing.removeIf(tensor -> file.names().contains(tensor) && expected.contains(tensor));
        throw new FailureException("expected " + directory.resolve(name) + " to hold the tensors that " + INDEX
            + " says, and they differ in " + differing.getFirst());
      }
      file.tensors().forEach((tensor, data) -> add(tensor, data, name));
    });
  }

  private SafetensorsFile file(String name) {
    SafetensorsFile file = Safetensors.open(directory.resolve(name));
    files.add(file);
    return file;
  }

  private void add(String storedName, TensorData data, String file) {
    String name = storedName.startsWith("bert.") ? storedName.substring("bert.".length()) : storedName;
    name = name.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight");
    name = name.replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
    String other = storedNames.put(name, storedName);
    if (other != null) {
      throw new FailureException("expected each tensor once in " + directory + ", got both " + other + " and "
          + storedName + ", the latter in " + file);
    }
    tensors.put(name, data);
  }

  private TensorData data(String name) {
    TensorData data = tensors.get(name);
    if (data == null) {
      throw new FailureException("expected a tensor " + name + " in " + directory + ", found none: the weights do not"
          + " belong to the config.json, or the encoder is not BERT");
    }
    return switch (data.dtype()) {
      case F32 -> data;
      case F16, BF16 -> widened(data);
      default -> throw new FailureException("expected " + name + " as F32, F16 or BF16 in " + directory + ", got "
          + data.dtype() + ": save the model unquantised");
    };
  }

  private static TensorData widened(TensorData data) {
    float[] values = new float[Math.toIntExact(data.data().byteSize() / Short.BYTES)];
    for (int i = 0; i < values.length; i++) {
      short half = data.data().get(HALF, (long) i * Short.BYTES);
      values[i] = data.dtype() == Dtype.F16 ? Float.float16ToFloat(half) : Float.intBitsToFloat(half << 16);
    }
    return TensorData.of(values, data.shape().stream().mapToLong(Long::longValue).toArray());
  }

  /** What BERT models keep beside the encoder that features come from. */
  private static boolean unused(String name) {
    return name.startsWith("pooler.") || name.startsWith("cls.") || name.equals("embeddings.position_ids")
        || name.equals("embeddings.token_type_ids");
  }

  @Override
  public void close() {
    files.forEach(SafetensorsFile::close);
  }
}
