package dev.perennial.backbone;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** A BERT encoder of a few thousand random weights, as an ONNX file, as a directory and as a backbone. */
public final class TinyBert {

  static final BertConfig CONFIG = new BertConfig(9, 8, 2, 2, 12, 16, 2, 1e-12);

  static final String CONFIG_JSON = """
      {"model_type": "bert", "hidden_act": "gelu", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 2,
       "num_attention_heads": 2, "intermediate_size": 12, "max_position_embeddings": 16, "type_vocab_size": 2,
       "layer_norm_eps": 1e-12}
      """;

  /** [CLS] is 2, [SEP] 3, an unknown word 1; the words are a to e. */
  static final String TOKENIZER_JSON = """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
       "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
       "post_processor": {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                    {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                            "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
       "decoder": null,
       "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {
         "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4, "b": 5, "c": 6, "d": 7, "e": 8}}}
      """;

  private TinyBert() {}

  /** Weights that float16 and bfloat16 hold exactly: multiples of 1/64 below 2 in magnitude. */
  public static TreeMap<String, TensorData> tensors() {
    var tensors = new TreeMap<String, TensorData>();
    put(tensors, "embeddings.word_embeddings.weight", 9, 8);
    put(tensors, "embeddings.position_embeddings.weight", 16, 8);
    put(tensors, "embeddings.token_type_embeddings.weight", 2, 8);
    put(tensors, "embeddings.LayerNorm.weight", 8);
    put(tensors, "embeddings.LayerNorm.bias", 8);
    for (int layer = 0; layer < 2; layer++) {
      String block = "encoder.layer." + layer + ".";
      for (String name : new String[] {"attention.self.query", "attention.self.key", "attention.self.value",
          "attention.output.dense"}) {
        put(tensors, block + name + ".weight", 8, 8);
        put(tensors, block + name + ".bias", 8);
      }
      put(tensors, block + "intermediate.dense.weight", 12, 8);
      put(tensors, block + "intermediate.dense.bias", 12);
      put(tensors, block + "output.dense.weight", 8, 12);
      put(tensors, block + "output.dense.bias", 8);
      for (String name : new String[] {"attention.output.LayerNorm", "output.LayerNorm"}) {
        put(tensors, block + name + ".weight", 8);
        put(tensors, block + name + ".bias", 8);
      }
    }
    return tensors;
  }

  private static void put(Map<String, TensorData> tensors, String name, long... shape) {
    var random = CounterRandom.of(7, tensors.size());
    int length = 1;
    for (long size : shape) {
      length *= (int) size;
    }
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (random.below(i, 129) - 64) / 64f;
    }
    tensors.put(name, TensorData.of(values, shape));
  }

  /** The same weights as an exporter writes them: Linear weights transposed, anonymous, behind MatMul nodes. */
  static byte[] onnx() {
    try {
      var graph = new ByteArrayOutputStream();
      CodedOutputStream out = CodedOutputStream.newInstance(graph);
      int anonymous = 0;
      for (var entry : tensors().entrySet()) {
        String name = entry.getKey();
        TensorData data = entry.getValue();
        if (name.startsWith("encoder") && name.endsWith(".weight") && !name.contains("LayerNorm")) {
          String weight = "onnx::MatMul_" + anonymous++;
          String path = name.substring(0, name.length() - ".weight".length());
          out.writeByteArray(1, node("/" + path.replaceAll("\\.(?!\\d)", "/") + "/MatMul", weight));
          out.writeByteArray(5, initializer(weight, transposed(data)));
        } else {
          out.writeByteArray(5, initializer(name, data));
        }
      }
      out.flush();
      var model = new ByteArrayOutputStream();
      CodedOutputStream outer = CodedOutputStream.newInstance(model);
      outer.writeInt64(1, 8);
      outer.writeByteArray(7, graph.toByteArray());
      outer.flush();
      return model.toByteArray();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static TensorData transposed(TensorData data) {
    float[] values = data.floats();
    int rows = data.shape().getFirst().intValue();
    int columns = data.shape().getLast().intValue();
    float[] turned = new float[values.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        turned[j * rows + i] = values[i * columns + j];
      }
    }
    return TensorData.of(turned, columns, rows);
  }

  private static byte[] node(String name, String weight) throws IOException {
    var bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    out.writeString(1, "hidden");
    out.writeString(1, weight);
    out.writeString(2, "result");
    out.writeString(3, name);
    out.writeString(4, "MatMul");
    out.flush();
    return bytes.toByteArray();
  }

  private static byte[] initializer(String name, TensorData data) throws IOException {
    var bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (long size : data.shape()) {
      out.writeInt64(1, size);
    }
    out.writeInt32(2, 1);
    out.writeString(8, name);
    out.writeBytes(9, ByteString.copyFrom(data.data().toArray(ValueLayout.JAVA_BYTE)));
    out.flush();
    return bytes.toByteArray();
  }

  /** Writes a directory in Hugging Face's layout. */
  public static Path directory(Path directory, Map<String, TensorData> tensors) {
    try {
      Files.writeString(directory.resolve("config.json"), CONFIG_JSON);
      Files.writeString(directory.resolve("tokenizer.json"), TOKENIZER_JSON);
      Safetensors.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static TextTokenizer tokenizer() {
    return new TextTokenizer(new ByteArrayInputStream(TOKENIZER_JSON.getBytes(UTF_8)), "memory", 16);
  }

  /** A backbone of two blocks of 8 features, 12 within, whose features are the mean of those of the tokens. */
  public static Backbone backbone() {
    return backbone(Pooling.MEAN);
  }

  static Backbone backbone(Pooling pooling) {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      return new TextBackbone(
          "tiny", BertWeights.fromOnnx(new ByteArrayInputStream(onnx()), "memory", 2), pooling, tokenizer(), Device.CPU);
    }
  }
}
