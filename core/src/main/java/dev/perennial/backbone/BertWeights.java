package dev.perennial.backbone;

import dev.perennial.FailureException;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
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
          Math.toIntExact(shape(onnx, POSITIONS, 2, where)[0]),
          Math.toIntExact(shape(onnx, TYPES, 2, where)[0]), 1e-12);
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new FailureException("expected a BERT encoder in " + where + ": " + e.getMessage(), e);
    }
    return assemble(config, where, name -> {
      if (name.endsWith(".weight") && !onnx.has(name)) {
        String module = name.substring(0, name.length() - ".weight".length());
        String node = "/" + module.replaceAll("\\.(?!\\d)", "/") + "/MatMul";
        return new Stored(onnx.multipliedBy(node).data(), true);
      }
      return new Stored(onnx.named(name).data(), false);
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
   * A tensor as a file has it.
   *
   * @param data float32
   * @param transposed whether it is a matrix with its dimensions the other way round
   */
  record Stored(TensorData data, boolean transposed) {

    private List<Long> shape() {
      return transposed ? data.shape().reversed() : data.shape();
    }

    private Tensor tensor() {
      Tensor copy = Tensors.copyOf(data);
      return transposed ? copy.t().contiguous() : copy;
    }
  }

  /**
   * Copies the tensors of an encoder of that shape into the open scope.
   *
   * @param source gives the tensor of a name, or throws
   * @throws FailureException if a tensor has another shape
   */
  static BertWeights assemble(BertConfig config, String where, Function<String, Stored> source) {
    var tensors = new TreeMap<String, Tensor>();
    expectedShapes(config).forEach((name, shape) -> {
      Stored stored = source.apply(name);
      if (!stored.shape().equals(shape)) {
        throw new FailureException(
            "expected " + name + " of shape " + shape + " in " + where + ", got " + stored.shape());
      }
      tensors.put(name, stored.tensor());
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

  private static Map<String, List<Long>> expectedShapes(BertConfig config) {
    var shapes = new TreeMap<String, List<Long>>();
    long hidden = config.hidden();
    shapes.put(WORDS, List.of((long) config.vocabulary(), hidden));
    shapes.put(POSITIONS, List.of((long) config.positions(), hidden));
    shapes.put(TYPES, List.of((long) config.types(), hidden));
    shapes.put("embeddings.LayerNorm.weight", List.of(hidden));
    shapes.put("embeddings.LayerNorm.bias", List.of(hidden));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String linear : LINEAR) {
        long out = config.outOf(linear);
        shapes.put(block(layer) + linear + ".weight", List.of(out, (long) config.inOf(linear)));
        shapes.put(block(layer) + linear + ".bias", List.of(out));
      }
      for (String norm : NORMS) {
        shapes.put(block(layer) + norm + ".weight", List.of(hidden));
        shapes.put(block(layer) + norm + ".bias", List.of(hidden));
      }
    }
    return shapes;
  }
}
