package dev.perennial.backbone;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Weights of an encoder in a jar, unpacked once into the user's cache and mapped from there ever after: a jar has to be
 * inflated, parsed and digested at every start, which takes longer than all else.
 *
 * <p>The file is a safetensors file of the tensors, whose metadata say their shape, digest and CRC-32C. A file that is
 * not as it was written is passed over, and written anew. Where nothing can be written, the jar is read as before.
 */
final class MappedWeights implements AutoCloseable {

  private static final String CONFIG = "config";
  private static final String DIGEST = "digest";
  private static final String CHECK = "crc32c";

  private final SafetensorsFile file;
  private final BertWeights weights;
  private final String digest;

  private MappedWeights(SafetensorsFile file, BertWeights weights, String digest) {
    this.file = file;
    this.weights = weights;
    this.digest = digest;
  }

  /** Where the unpacked weights of a resource are, or would be; empty where it is in no jar. */
  static Optional<Path> place(@Nullable URL resource, String name) throws IOException {
    if (resource == null || !(resource.openConnection() instanceof JarURLConnection jar)) {
      return Optional.empty();
    }
    JarEntry entry = jar.getJarEntry();
    return Optional.of(cache().resolve(
        name + "-" + Long.toHexString(entry.getCrc()) + "-" + entry.getSize() + ".safetensors"));
  }

  /** {@code PERENNIAL_CACHE}, else {@code perennial} in {@code XDG_CACHE_HOME} or {@code ~/.cache}. */
  private static Path cache() {
    String own = System.getenv("PERENNIAL_CACHE");
    if (own != null && !own.isEmpty()) {
      return Path.of(own);
    }
    String base = System.getenv("XDG_CACHE_HOME");
    return (base != null && !base.isEmpty() ? Path.of(base) : Path.of(System.getProperty("user.home"), ".cache"))
        .resolve("perennial");
  }

  /** Maps a file; empty where there is none, or it is damaged. The tensors are in the open scope. */
  static Optional<MappedWeights> open(Path path) {
    if (!Files.isRegularFile(path)) {
      return Optional.empty();
    }
    SafetensorsFile file;
    try {
      file = Safetensors.open(path);
    } catch (FailureException e) {
      // Damaged: what is in the jar takes its place.
      return Optional.empty();
    }
    Map<String, String> about = file.metadata();
    if (!check(file.tensors()).equals(about.get(CHECK)) || !about.containsKey(CONFIG) || !about.containsKey(DIGEST)) {
      file.close();
      return Optional.empty();
    }
    var tensors = new TreeMap<String, Tensor>();
    file.tensors().forEach((name, data) -> tensors.put(name, view(data)));
    return Optional.of(
        new MappedWeights(file, new BertWeights(config(about.get(CONFIG)), tensors), about.get(DIGEST)));
  }

  private static Tensor view(TensorData data) {
    long[] shape = data.shape().stream().mapToLong(Long::longValue).toArray();
    return torch.from_blob(new BytePointer(data.data().asByteBuffer()), shape,
        new TensorOptions(torch.ScalarType.Float));
  }

  /** Leaves weights for the next start; where that fails, that one reads the jar too. */
  static void write(Path path, BertWeights weights, String digest) {
    var tensors = new TreeMap<String, TensorData>();
    weights.tensors().forEach((name, tensor) -> tensors.put(name, Tensors.view(tensor)));
    Path own = path.resolveSibling(path.getFileName() + "." + ProcessHandle.current().pid());
    try {
      Files.createDirectories(path.toAbsolutePath().getParent());
      Safetensors.write(own, tensors, Map.of(
          CONFIG, text(weights.config()), DIGEST, digest, CHECK, check(tensors)));
      Files.move(own, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException | FailureException e) {
      System.getLogger(MappedWeights.class.getName()).log(System.Logger.Level.DEBUG, "no cache of weights", e);
    }
  }

  private static String check(Map<String, TensorData> tensors) {
    var crc = new CRC32C();
    new TreeMap<>(tensors).forEach((name, data) -> {
      crc.update(ByteBuffer.wrap((name + data.shape()).getBytes(UTF_8)));
      crc.update(data.data().asByteBuffer());
    });
    return Long.toHexString(crc.getValue());
  }

  private static String text(BertConfig config) {
    return config.vocabulary() + " " + config.hidden() + " " + config.layers() + " " + config.heads() + " "
        + config.intermediate() + " " + config.positions() + " " + config.types() + " " + config.layerNormEps();
  }

  private static BertConfig config(String text) {
    String[] numbers = text.split(" ", -1);
    int[] sizes = new int[7];
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = Integer.parseInt(numbers[i]);
    }
    return new BertConfig(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6],
        Double.parseDouble(numbers[7]));
  }

  /** The weights, views of the file; they are gone when this is closed. */
  BertWeights weights() {
    return weights;
  }

  /** As {@link BertWeights#digest}. */
  String digest() {
    return digest;
  }

  @Override
  public void close() {
    file.close();
  }
}
