package dev.perennial.backbone;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The tensors of a BERT encoder under their Hugging Face names, and the digest that tells one backbone from another.
 *
 * <p>The digest is SHA-256 over the tensors in the order of their names: name, shape, float32 bytes. It does not
 * depend on the file that they came from.
 *
 * @param config their shape
 * @param tensors float32, in the scope that was open when they were read; Linear weights are [out, in]
 * @param digest hexadecimal
 */
record BertWeights(BertConfig config, Map<String, Tensor> tensors, String digest) {

  /** The Linear modules of a block, in the order of its sites. */
  static final List<String> LINEAR = List.of(
      "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
      "intermediate.dense", "output.dense");

  private static final List<String> NORMS = List.of("attention.output.LayerNorm", "output.LayerNorm");

  /**
   * Reads an encoder that was exported to ONNX.
   *
   * @param heads attention heads, which the file does not tell
   */
  static BertWeights fromOnnx(InputStream file, String where, int heads) {
    OnnxInitializers onnx = OnnxInitializers.read(file, where);
    long[] words = onnx.named("embeddings.word_embeddings.weight").shape();
    long[] positions = onnx.named("embeddings.position_embeddings.weight").shape();
    int layers = 0;
    while (onnx.has("encoder.layer." + layers + ".output.dense.bias")) {
      layers++;
    }
    int intermediate = (int) onnx.named("encoder.layer.0.intermediate.dense.bias").shape()[0];
    var config = new BertConfig(
        (int) words[0], (int) words[1], layers, heads, intermediate, (int) positions[0], 1e-12);
    return assemble(config, where, name -> {
      if (name.endsWith(".weight") && !onnx.has(name)) {
        String module = name.substring(0, name.length() - ".weight".length());
        String node = "/" + module.replaceAll("\\.(?!\\d)", "/") + "/MatMul";
        return tensor(onnx.multipliedBy(node)).t().contiguous();
      }
      return tensor(onnx.named(name));
    });
  }

  /** Collects the tensors of an encoder of that shape, and checks every one's shape. */
  static BertWeights assemble(BertConfig config, String where, Function<String, Tensor> source) {
    var tensors = new TreeMap<String, Tensor>();
    expectedShapes(config).forEach((name, shape) -> {
      Tensor tensor = source.apply(name);
      if (!Arrays.equals(tensor.shape(), shape)) {
        throw new FailureException("expected " + name + " of shape " + Arrays.toString(shape) + " in " + where
            + ", got " + Arrays.toString(tensor.shape()));
      }
      tensors.put(name, tensor);
    });
    return new BertWeights(config, tensors, digest(tensors));
  }

  /** The tensor of that name. */
  Tensor named(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name + " in a BERT encoder");
    }
    return tensor;
  }

  private static Map<String, long[]> expectedShapes(BertConfig config) {
    var shapes = new TreeMap<String, long[]>();
    long hidden = config.hidden();
    shapes.put("embeddings.word_embeddings.weight", new long[] {config.vocabulary(), hidden});
    shapes.put("embeddings.position_embeddings.weight", new long[] {config.positions(), hidden});
    shapes.put("embeddings.token_type_embeddings.weight", new long[] {2, hidden});
    shapes.put("embeddings.LayerNorm.weight", new long[] {hidden});
    shapes.put("embeddings.LayerNorm.bias", new long[] {hidden});
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "encoder.layer." + layer + ".";
      for (String linear : LINEAR) {
        shapes.put(block + linear + ".weight", new long[] {config.outOf(linear), config.inOf(linear)});
        shapes.put(block + linear + ".bias", new long[] {config.outOf(linear)});
      }
      for (String norm : NORMS) {
        shapes.put(block + norm + ".weight", new long[] {hidden});
        shapes.put(block + norm + ".bias", new long[] {hidden});
      }
    }
    return shapes;
  }

  private static Tensor tensor(OnnxInitializers.Initializer initializer) {
    Tensor tensor = torch.empty(initializer.shape());
    if (tensor.nbytes() != initializer.data().size()) {
      throw new FailureException("expected " + tensor.nbytes() + " bytes for a float32 tensor of shape "
          + Arrays.toString(initializer.shape()) + ", got " + initializer.data().size());
    }
    ByteBuffer target = new BytePointer(tensor.data_ptr()).capacity(tensor.nbytes()).asByteBuffer();
    initializer.data().copyTo(target);
    return tensor;
  }

  private static String digest(Map<String, Tensor> tensors) {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    tensors.forEach((name, tensor) -> {
      sha.update((name + Arrays.toString(tensor.shape())).getBytes(UTF_8));
      sha.update(new BytePointer(tensor.data_ptr()).capacity(tensor.nbytes()).asByteBuffer());
    });
    return HexFormat.of().formatHex(sha.digest());
  }
}
