package dev.perennial.backbone;

import dev.perennial.FailureException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * The tensors of a BERT encoder under their Hugging Face names.
 *
 * @param config their shape
 * @param tensors float32, contiguous, in the scope that was open when they were read; Linear weights are [out, in]
 */
record BertWeights(BertConfig config, SortedMap<String, Tensor> tensors) {

  static final String WORDS = "embeddings.word_embeddings.weight";
  static final String POSITIONS = "embeddings.position_embeddings.weight";
  static final String TYPES = "embeddings.token_type_embeddings.weight";

  /** The Linear modules of a block, in the order of its sites. */
  static final List<String> LINEAR = List.of(
      "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
      "intermediate.dense", "output.dense");

  private static final List<String> NORMS = List.of("attention.output.LayerNorm", "output.LayerNorm");

  /**
   * Reads an encoder that was exported to ONNX from Hugging Face's layout. Its layer norm epsilon is taken to be 1e-12.
   *
   * @param heads attention heads, which the file does not tell
   * @throws FailureException if the file is no such encoder
   */
  static BertWeights fromOnnx(InputStream file, String where, int heads) {
    OnnxInitializers onnx = OnnxInitializers.read(file, where);
    int layers = 0;
    while (onnx.has(block(layers) + "output.dense.bias")) {
      layers++;
    }
    long[] words = shape(onnx, WORDS, 2, where);
    BertConfig config;
    try {
      config = new BertConfig(Math.toIntExact(words[0]), Math.toIntExact(words[1]), layers, heads,
          Math.toIntExact(shape(onnx, block(0) + "intermediate.dense.bias", 1, where)[0]),
          Math.toIntExact(shape(onnx, POSITIONS, 2, where)[0]), Math.toIntExact(shape(onnx, TYPES, 2, where)[0]), 1e-12);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new FailureException("expected a BERT encoder in " + where + ": " + e.getMessage(), e);
    }
    return assemble(config, where, name -> {
      if (name.endsWith(".weight") && !onnx.has(name)) {
        String module = name.substring(0, name.length() - ".weight".length());
        String node = "/" + module.replaceAll("\\.(?!\\d)", "/") + "/MatMul";
        return onnx.multipliedBy(node).tensor().t().contiguous();
      }
      return onnx.named(name).tensor();
    });
  }

  private static long[] shape(OnnxInitializers onnx, String name, int rank, String where) {
    long[] shape = onnx.named(name).shape();
    if (shape.length != rank) {
      throw new FailureException("expected " + name + " with " + rank + " dimensions in " + where + ", got "
          + Arrays.toString(shape));
    }
    return shape;
  }

  /**
   * Collects the tensors of an encoder of that shape.
   *
   * @param source gives the tensor of a name, or throws
   * @throws FailureException if a tensor has another shape
   */
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
    return new BertWeights(config, tensors);
  }

  /** Tells this encoder from others: see {@link WeightDigest}. */
  String digest(Pooling pooling) {
    return WeightDigest.of(
        "bert heads=" + config.heads() + " eps=" + config.layerNormEps() + " pooling=" + pooling, tensors);
  }

  /** The tensor of that name. */
  Tensor named(String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name + " in a BERT encoder");
    }
    return tensor;
  }

  /** What the names of a block's tensors begin with. */
  static String block(int layer) {
    return "encoder.layer." + layer + ".";
  }

  private static Map<String, long[]> expectedShapes(BertConfig config) {
    var shapes = new TreeMap<String, long[]>();
    long hidden = config.hidden();
    shapes.put(WORDS, new long[] {config.vocabulary(), hidden});
    shapes.put(POSITIONS, new long[] {config.positions(), hidden});
    shapes.put(TYPES, new long[] {config.types(), hidden});
    shapes.put("embeddings.LayerNorm.weight", new long[] {hidden});
    shapes.put("embeddings.LayerNorm.bias", new long[] {hidden});
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String linear : LINEAR) {
        shapes.put(block(layer) + linear + ".weight", new long[] {config.outOf(linear), config.inOf(linear)});
        shapes.put(block(layer) + linear + ".bias", new long[] {config.outOf(linear)});
      }
      for (String norm : NORMS) {
        shapes.put(block(layer) + norm + ".weight", new long[] {hidden});
        shapes.put(block(layer) + norm + ".bias", new long[] {hidden});
      }
    }
    return shapes;
  }
}
