package dev.perennial.backbone;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The backbones that can be asked for: pretrained text encoders by name or directory, and image networks. */
public final class Backbones {

  /** Longer texts are cut to so many tokens. */
  private static final int MOST_TOKENS = 256;

  /** A directory, and how many megabytes of its weights are to be loaded. */
  private static final Pattern PART = Pattern.compile("(.+)@(\\d{1,9}(?:\\.\\d{1,6})?)(?:MB)?", Pattern.DOTALL);

  /** Of both encoders in jars; their ONNX files do not tell. */
  private static final int HEADS = 12;

  private static final String MINILM = "minilm";
  private static final String BGE_SMALL = "bge-small-en";
  private static final String TOKENIZER = "-tokenizer.json";

  private Backbones() {}

  /**
   * Loads a frozen text encoder. Texts are cut to 256 tokens, or to the encoder's positions where they are fewer.
   *
   * <p>A directory holds a BERT encoder in Hugging Face's layout: {@code config.json} (model type {@code bert}, erf
   * {@code gelu}, absolute positions), {@code tokenizer.json}, and {@code model.safetensors} or its shards with
   * {@code model.safetensors.index.json}. F16 and BF16 weights are widened to float32. Features are pooled as
   * {@code 1_Pooling/config.json} says (mean or first token), the mean where there is none. The same weights have the
   * same digest from a jar and from a directory.
   *
   * <p>A directory that {@code ./perennial shrink} wrote has {@code model.packed} in the place of the safetensors, and
   * {@code DIR@12} loads at most 12 megabytes of it.
   *
   * @param name {@code minilm} (all-MiniLM-L6-v2), {@code bge-small-en} (bge-small-en-v1.5), or a directory
   * @throws UsageException if there is none of that name, or the directory holds another kind of model
   * @throws FailureException if a file is damaged, or a tensor is missing, unexpected or of another shape
   */
  public static Backbone load(String name) {
    return load(name, Device.CPU);
  }

  /**
   * The same on a device.
   *
   * @param device where it computes
   * @throws UsageException also if the device cannot be used here
   */
  public static Backbone load(String name, Device device) {
    device.require();
    try (TensorScope scope = TensorScope.inference()) {
      return switch (name) {
        case MINILM, BGE_SMALL -> mapped(name, device);
        default -> parts(name).backbone(name, device);
      };
    }
  }

  /** The encoder of a jar, from where it was unpacked before if it was. */
  private static Backbone mapped(String name, Device device) {
    String resource = resource(name);
    try {
      Optional<Path> place = MappedWeights.place(Backbones.class.getResource("/" + resource + ".onnx"), name);
      Optional<MappedWeights> unpacked = place.flatMap(MappedWeights::open);
      if (unpacked.isPresent()) {
        return mapped(name, device, resource, unpacked.get());
      }
      Parts parts = parts(name);
      Backbone backbone = parts.backbone(name, device);
      place.ifPresent(path -> MappedWeights.write(path, parts.weights(), backbone.digest()));
      return backbone;
    } catch (IOException e) {
      throw new FailureException("could not read /" + resource + ".onnx: " + e.getMessage(), e);
    }
  }

  private static Backbone mapped(String name, Device device, String resource, MappedWeights weights)
      throws IOException {
    boolean taken = false;
    try (InputStream json = Backbones.class.getResourceAsStream("/" + resource + TOKENIZER)) {
      if (json == null) {
        throw new FailureException(
            "expected /" + resource + TOKENIZER + " on the class path, found none: add the encoder's jar");
      }
      Backbone backbone = new Parts(weights.weights(), pooling(name), json.readAllBytes(), resource)
          .backbone(name, device, weights.digest(), weights::close);
      taken = true;
      return backbone;
    } finally {
      if (!taken) {
        weights.close();
      }
    }
  }

  private static String resource(String name) {
    return name.equals(MINILM) ? "all-minilm-l6-v2" : "bge-small-en-v1.5";
  }

  private static Pooling pooling(String name) {
    return name.equals(MINILM) ? Pooling.MEAN : Pooling.CLS;
  }

  /**
   * A network for images, with weights drawn at random; they are trained, and {@link Backbone#initialise} adds them.
   *
   * <p>{@code mlp}: two hidden layers of 256 features. {@code convnet}: three layers of 3x3 convolution, ReLU and 2x2
   * max pooling with 16, 32 and 64 filters, then 128 features. All with ReLU, samples scaled to [0, 1], weights drawn
   * as PyTorch draws those of its Linear and Conv2d.
   *
   * @param name {@code mlp} or {@code convnet}
   * @param channels of every image, 1 or more; as height and width, in samples
   * @param seed the same seed gives the same weights, and so the same digest
   * @throws UsageException if there is none of that name, or the images are too large for it
   */
  public static Backbone forImages(String name, int channels, int height, int width, long seed) {
    return forImages(name, channels, height, width, seed, Device.CPU);
  }

  /**
   * The same on a device.
   *
   * @param device where it computes
   * @throws UsageException also if the device cannot be used here
   */
  public static Backbone forImages(String name, int channels, int height, int width, long seed, Device device) {
    device.require();
    var shape = new ImageShape(channels, height, width);
    return switch (name) {
      case "mlp" -> ImageBackbone.mlp(shape, seed, device);
      case "convnet" -> ImageBackbone.convnet(shape, seed, device);
      default -> throw new UsageException(
          "expected a backbone for images, mlp or convnet, got " + name + ": choose --backbone mlp or convnet");
    };
  }

  /**
   * What a text encoder is made of.
   *
   * @param weights in the open scope
   * @param tokenizer a tokenizer.json
   * @param where that comes from, for messages
   */
  record Parts(BertWeights weights, Pooling pooling, byte[] tokenizer, String where) {

    /** The backbone. */
    Backbone backbone(String name, Device device) {
      return backbone(name, device, weights.digest(pooling), () -> {});
    }

    /** The backbone, where the digest of its weights is known, and {@code owner} gives them up. */
    Backbone backbone(String name, Device device, String digest, Runnable owner) {
      int mostTokens = Math.min(MOST_TOKENS, weights.config().positions());
      var words = new TextTokenizer(new ByteArrayInputStream(tokenizer), where, mostTokens);
      return new TextBackbone(name, weights, digest, pooling, words, device, owner);
    }
  }

  /** Reads the parts of the text encoder of that name into the open scope. */
  static Parts parts(String name) {
    return switch (name) {
      case MINILM, BGE_SMALL -> fromOnnxJar(resource(name), pooling(name));
      case "mlp", "convnet" -> throw new UsageException("expected a pretrained backbone, got " + name
          + ", which learns images from scratch: use it with a data set of images");
      default -> fromDirectory(name);
    };
  }

  private static Parts fromOnnxJar(String resource, Pooling pooling) {
    String weights = "/" + resource + ".onnx";
    String tokens = "/" + resource + TOKENIZER;
    try (InputStream onnx = Backbones.class.getResourceAsStream(weights);
        InputStream json = Backbones.class.getResourceAsStream(tokens)) {
      if (onnx == null || json == null) {
        throw new FailureException("expected " + weights + " and " + tokens + " on the class path, found "
            + (onnx == null ? "no weights" : "no tokenizer") + ": add the encoder's jar");
      }
      return new Parts(BertWeights.fromOnnx(onnx, weights, HEADS), pooling, json.readAllBytes(), tokens);
    } catch (IOException e) {
      throw new FailureException("could not read " + weights + ": " + e.getMessage(), e);
    }
  }

  private static Parts fromDirectory(String name) {
    Place place = place(name);
    Path directory = place.directory;
    Path tokens = existing(directory, "tokenizer.json");
    BertConfig config = HuggingFaceConfig.bert(existing(directory, "config.json"));
    Path poolingFile = directory.resolve("1_Pooling").resolve("config.json");
    Pooling pooling = Files.exists(poolingFile) ? HuggingFaceConfig.pooling(poolingFile) : Pooling.MEAN;
    try (HuggingFaceWeights weights = HuggingFaceWeights.open(directory, place.most)) {
      return new Parts(weights.read(config), pooling, Files.readAllBytes(tokens), tokens.toString());
    } catch (IOException e) {
      throw new FailureException("could not read " + tokens + ": " + e, e);
    }
  }

  /** A directory, and how many bytes of its weights are wanted. */
  private record Place(Path directory, long most) {}

  private static Place place(String name) {
    if (isDirectory(name)) {
      return new Place(Path.of(name), Long.MAX_VALUE);
    }
    Matcher part = PART.matcher(name);
    if (part.matches() && isDirectory(part.group(1))) {
      return new Place(Path.of(part.group(1)), (long) (Double.parseDouble(part.group(2)) * 1e6));
    }
    throw new UsageException("expected a backbone among minilm, bge-small-en, or a directory in Hugging Face's layout,"
        + " got \"" + name + "\", which is neither");
  }

  private static boolean isDirectory(String name) {
    return !name.isEmpty() && name.indexOf('\0') < 0 && Files.isDirectory(Path.of(name));
  }

  /** The name of a backbone as it is understood from anywhere: that of a directory made absolute, others as they are. */
  public static String fromAnywhere(String name) {
    Matcher part = PART.matcher(name);
    return isDirectory(name)
        ? Path.of(name).toAbsolutePath().toString()
        : part.matches() && isDirectory(part.group(1))
            ? Path.of(part.group(1)).toAbsolutePath() + name.substring(part.end(1))
            : name;
  }

  private static Path existing(Path directory, String file) {
    Path path = directory.resolve(file);
    if (!Files.isRegularFile(path)) {
      throw new UsageException("expected config.json, tokenizer.json and model.safetensors in " + directory
          + ", found no " + file + ": save the model and its tokenizer there with save_pretrained");
    }
    return path;
  }
}
