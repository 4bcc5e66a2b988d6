package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HuggingFaceDirectoryTest {

  private static final String QUERY = "encoder.layer.0.attention.self.query.weight";

  @TempDir
  private Path directory;

  private static float[] features(Backbone backbone) {
    List<Input> inputs = List.of(new Input.Text("a b c"), new Input.Text("e"));
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(backbone.prepare(inputs));
      return Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE)));
    }
  }

  /** Loads the directory, and expects the backbone that {@link TinyBert} makes of an ONNX file. */
  private void loadsAsFromOnnx(Pooling pooling) {
    try (Backbone expected = TinyBert.backbone(pooling); Backbone backbone = Backbones.load(directory.toString())) {
      assertEquals(expected.digest(), backbone.digest());
      assertArrayEquals(features(expected), features(backbone));
      assertEquals(directory.toString(), backbone.name());
    }
  }

  private String refused(Class<? extends PerennialException> kind) {
    long before = Pointer.totalCount();
    String message = Refusal.message(kind, () -> Backbones.load(directory.toString()).close());
    assertTrue(message.contains(directory.toString()), message);
    assertEquals(before, Pointer.totalCount());
    return message;
  }

  private static Map<String, TensorData> renamed(Map<String, TensorData> tensors, String before, String after) {
    return tensors.entrySet().stream().collect(
        Collectors.toMap(entry -> entry.getKey().replaceFirst(before, after), Map.Entry::getValue));
  }

  private void edit(String file, String before, String after) throws IOException {
    Path path = directory.resolve(file);
    String text = Files.readString(path);
    assertTrue(text.contains(before));
    Files.writeString(path, text.replace(before, after));
  }

  @Test
  void load_plainNames_isTheOnnxEncoder() {
    TinyBert.directory(directory, TinyBert.tensors());
    loadsAsFromOnnx(Pooling.MEAN);
  }

  @Test
  void load_namesOfATaskModel_isTheSameEncoder() {
    Map<String, TensorData> tensors = renamed(TinyBert.tensors(), "^", "bert.");
    tensors = renamed(renamed(tensors, "LayerNorm.weight$", "LayerNorm.gamma"), "LayerNorm.bias$", "LayerNorm.beta");
    tensors.put("bert.embeddings.position_ids", TensorData.of(new long[16], 1, 16));
    tensors.put("bert.pooler.dense.weight", TensorData.of(new float[64], 8, 8));
    tensors.put("cls.predictions.bias", TensorData.of(new float[9], 9));
    TinyBert.directory(directory, tensors);
    loadsAsFromOnnx(Pooling.MEAN);
  }

  @Test
  void load_shards_isTheSameEncoder() throws IOException {
    shard();
    loadsAsFromOnnx(Pooling.MEAN);
  }

  private void shard() throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    Files.delete(directory.resolve("model.safetensors"));
    Map<String, TensorData> first = new TreeMap<>(TinyBert.tensors().headMap(QUERY));
    Map<String, TensorData> second = new TreeMap<>(TinyBert.tensors().tailMap(QUERY));
    Safetensors.write(directory.resolve("model-00001-of-00002.safetensors"), first, Map.of());
    Safetensors.write(directory.resolve("model-00002-of-00002.safetensors"), second, Map.of());
    var entries = new TreeMap<String, String>();
    first.keySet().forEach(name -> entries.put(name, "model-00001-of-00002.safetensors"));
    second.keySet().forEach(name -> entries.put(name, "model-00002-of-00002.safetensors"));
    Files.writeString(directory.resolve("model.safetensors.index.json"), entries.entrySet().stream()
        .map(entry -> "\"" + entry.getKey() + "\": \"" + entry.getValue() + "\"")
        .collect(Collectors.joining(",\n", "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {", "}}")));
  }

  @ParameterizedTest
  @EnumSource(value = Dtype.class, names = {"F16", "BF16"})
  void load_halfPrecision_isWidenedExactly(Dtype dtype) {
    var halves = new TreeMap<String, TensorData>();
    TinyBert.tensors().forEach((name, tensor) -> {
      float[] values = tensor.floats();
      ByteBuffer bytes = ByteBuffer.allocate(2 * values.length).order(ByteOrder.LITTLE_ENDIAN);
      for (float value : values) {
        bytes.putShort(dtype == Dtype.F16 ? Float.floatToFloat16(value) : (short) (Float.floatToIntBits(value) >>> 16));
      }
      halves.put(name, TensorData.ofBytes(
          dtype, bytes.array(), tensor.shape().stream().mapToLong(Long::longValue).toArray()));
    });
    TinyBert.directory(directory, halves);
    loadsAsFromOnnx(Pooling.MEAN);
  }

  @ParameterizedTest
  @CsvSource({"true, false, CLS", "false, true, MEAN"})
  void load_poolingOfSentenceTransformers_isUsed(boolean first, boolean mean, Pooling expected) throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    pooling("{\"word_embedding_dimension\": 8, \"pooling_mode_cls_token\": " + first
        + ", \"pooling_mode_mean_tokens\": " + mean + ", \"pooling_mode_max_tokens\": false}");
    loadsAsFromOnnx(expected);
  }

  private void pooling(String json) throws IOException {
    Files.createDirectories(directory.resolve("1_Pooling"));
    Files.writeString(directory.resolve("1_Pooling").resolve("config.json"), json);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"pooling_mode_max_tokens\": true}",
      "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": true}"})
  void load_otherPooling_isRefused(String json) throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    pooling(json);
    assertTrue(refused(UsageException.class).contains("pooling_mode"));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"model_type\": \"bert\" | \"model_type\": \"roberta\" | model_type",
      "\"model_type\": \"bert\" | \"x\": 1 | model_type",
      "\"hidden_act\": \"gelu\" | \"hidden_act\": \"gelu_new\" | hidden_act",
      "\"hidden_act\" | \"position_embedding_type\": \"relative_key\", \"hidden_act\" | position_embedding_type",
      "\"hidden_act\" | \"is_decoder\": true, \"hidden_act\" | is_decoder"})
  void load_otherArchitecture_isAUsageError(String before, String after, String named) throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    edit("config.json", before, after);
    assertTrue(refused(UsageException.class).contains(named));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"hidden_size\": 8 | \"hidden_size\": 8.5 | hidden_size",
      "\"hidden_size\": 8, | '' | hidden_size",
      "\"num_attention_heads\": 2 | \"num_attention_heads\": 3 | 3 heads",
      "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 2000000000 | layers",
      "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 3 | encoder.layer.2",
      "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 1 | encoder.layer.1",
      "\"vocab_size\": 9 | \"vocab_size\": 2000000000 | word_embeddings",
      "\"intermediate_size\": 12 | \"intermediate_size\": -12 | intermediate size",
      "\"layer_norm_eps\": 1e-12 | \"layer_norm_eps\": \"small\" | epsilon",
      "{ | [ | JSON",
      "{ | {\"vocab_size\": 9, | vocab_size"})
  void load_configThatDoesNotFit_isAFailure(String before, String after, String named) throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    edit("config.json", before, after);
    String message = refused(FailureException.class);
    assertTrue(message.contains(named), message);
  }

  @Test
  void load_wrongTensor_isNamed() {
    Map<String, TensorData> tensors = TinyBert.tensors();
    tensors.remove(QUERY);
    TinyBert.directory(directory, tensors);
    assertTrue(refused(FailureException.class).contains(QUERY));

    tensors.put(QUERY, TensorData.of(new float[64], 4, 16));
    TinyBert.directory(directory, tensors);
    assertTrue(refused(FailureException.class).contains("[4, 16]"));

    tensors.put(QUERY, TensorData.of(new double[64], 8, 8));
    TinyBert.directory(directory, tensors);
    assertTrue(refused(FailureException.class).contains("F64"));

    Map<String, TensorData> more = TinyBert.tensors();
    more.put("bert.classifier.weight", TensorData.of(new float[8], 8));
    TinyBert.directory(directory, more);
    assertTrue(refused(FailureException.class).contains("bert.classifier.weight"));

    Map<String, TensorData> twice = TinyBert.tensors();
    twice.put("bert." + QUERY, TensorData.of(new float[64], 8, 8));
    TinyBert.directory(directory, twice);
    assertTrue(refused(FailureException.class).contains("bert." + QUERY));
  }

  @Test
  void load_shardsThatContradictTheIndex_areRefused() throws IOException {
    shard();
    edit("model.safetensors.index.json", "\"" + QUERY + "\": \"model-00002", "\"" + QUERY + "\": \"model-00001");
    assertTrue(refused(FailureException.class).contains(QUERY));

    shard();
    edit("model.safetensors.index.json", "model-00002-of", "../model-00002-of");
    assertTrue(refused(FailureException.class).contains("beside"));

    shard();
    Files.delete(directory.resolve("model-00002-of-00002.safetensors"));
    assertTrue(refused(FailureException.class).contains("model-00002"));

    Files.writeString(directory.resolve("model.safetensors.index.json"), "{}");
    assertTrue(refused(FailureException.class).contains("weight_map"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"config.json", "tokenizer.json", "model.safetensors"})
  void load_missingFile_isAUsageError(String file) throws IOException {
    TinyBert.directory(directory, TinyBert.tensors());
    Files.delete(directory.resolve(file));
    assertTrue(refused(UsageException.class).contains(file));
  }

  @Test
  void load_damagedFile_isAFailure() throws IOException {
    for (String file : List.of("config.json", "tokenizer.json", "model.safetensors")) {
      TinyBert.directory(directory, TinyBert.tensors());
      Files.write(directory.resolve(file), new byte[] {1, 2, 3, (byte) 0xff, 10, 13});
      assertTrue(refused(FailureException.class).contains(file));
    }
  }

  @Test
  void load_nameThatIsNone_isAUsageError() {
    for (String name : List.of("", "nonsense", "/no/such/directory", "nul\0l", "mlp")) {
      String message = Refusal.message(UsageException.class, () -> Backbones.load(name));
      assertTrue(message.contains(name), message);
    }
  }

  /** MiniLM, written out by the writer of safetensors and read back. */
  @Test
  void load_miniLmWrittenOut_hasTheDigestAndFeaturesOfTheJar() throws IOException {
    try (Backbone jar = Backbones.load("minilm")) {
      try (InputStream onnx = resource("/all-minilm-l6-v2.onnx");
          InputStream tokens = resource("/all-minilm-l6-v2-tokenizer.json");
          TensorScope scope = TensorScope.inference()) {
        var tensors = new TreeMap<String, TensorData>();
        for (Map.Entry<String, Tensor> entry : BertWeights.fromOnnx(onnx, "minilm", 12).tensors().entrySet()) {
          tensors.put("bert." + entry.getKey(), Tensors.view(entry.getValue()));
        }
        Safetensors.write(directory.resolve("model.safetensors"), tensors, Map.of());
        Files.copy(tokens, directory.resolve("tokenizer.json"));
      }
      Files.writeString(directory.resolve("config.json"), """
          {"model_type": "bert", "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
           "intermediate_size": 1536, "max_position_embeddings": 512, "vocab_size": 30522}
          """);
      try (Backbone backbone = Backbones.load(directory.toString())) {
        assertEquals(jar.digest(), backbone.digest());
        assertArrayEquals(features(jar), features(backbone));
      }
      pooling("{\"pooling_mode_cls_token\": true}");
      try (Backbone backbone = Backbones.load(directory.toString())) {
        assertNotEquals(jar.digest(), backbone.digest());
      }
    }
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(HuggingFaceDirectoryTest.class.getResourceAsStream(name));
  }
}
