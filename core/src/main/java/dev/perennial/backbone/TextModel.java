package dev.perennial.backbone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** A text encoder as files hold it: its weights by their names in Hugging Face's layout, its shape and its tokenizer. */
public final class TextModel {

  private final BertConfig config;
  private final Pooling pooling;
  private final byte[] tokenizer;
  private final String where;
  private final SortedMap<String, TensorData> tensors;

  private TextModel(Backbones.Parts parts) {
    config = parts.weights().config();
    pooling = parts.pooling();
    tokenizer = parts.tokenizer();
    where = parts.where();
    var copies = new TreeMap<String, TensorData>();
    parts.weights().tensors().forEach(
        (name, tensor) -> copies.put(name, TensorData.of(Tensors.toFloats(tensor), tensor.shape())));
    tensors = Collections.unmodifiableSortedMap(copies);
  }

  /**
   * Reads what {@link Backbones#load(String)} would load.
   *
   * @throws UsageException if there is none of that name
   * @throws FailureException if a file is damaged
   */
  public static TextModel read(String name) {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      return new TextModel(Backbones.parts(name));
    }
  }

  /** The weights, float32; Linear weights are {@code [out, in]}. */
  public SortedMap<String, TensorData> tensors() {
    return tensors;
  }

  /** The name of the weight of words, {@code [vocabulary, hidden]}. */
  public static String words() {
    return BertWeights.WORDS;
  }

  /**
   * The backbone with other weights.
   *
   * @param name it is to have
   * @param weights in the place of those of their names; the others stay
   */
  public Backbone backbone(String name, Map<String, TensorData> weights, Device device) {
    device.require();
    var all = new TreeMap<>(tensors);
    all.putAll(weights);
    try (TensorScope scope = TensorScope.inference()) {
      BertWeights assembled = BertWeights.assemble(config, name, tensor -> stored(all, tensor));
      return new Backbones.Parts(assembled, pooling, tokenizer, where).backbone(name, device);
    }
  }

  private static BertWeights.Stored stored(Map<String, TensorData> all, String name) {
    TensorData data = all.get(name);
    if (data == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return new BertWeights.Stored(data, false);
  }

  /**
   * Writes all files of a directory in Hugging Face's layout but the weights.
   *
   * @throws UsageException if the directory holds something already
   * @throws FailureException if it cannot be written
   */
  public void writeTo(Path directory) {
    var json = new LinkedHashMap<String, Object>();
    json.put("model_type", "bert");
    json.put("hidden_act", "gelu");
    json.put("vocab_size", config.vocabulary());
    json.put("hidden_size", config.hidden());
    json.put("num_hidden_layers", config.layers());
    json.put("num_attention_heads", config.heads());
    json.put("intermediate_size", config.intermediate());
    json.put("max_position_embeddings", config.positions());
    json.put("type_vocab_size", config.types());
    json.put("layer_norm_eps", config.layerNormEps());
    var pooled = Map.of("pooling_mode_mean_tokens", pooling == Pooling.MEAN, "pooling_mode_cls_token", pooling == Pooling.CLS);
    try {
      Files.createDirectories(directory);
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
        if (files.iterator().hasNext()) {
          throw new UsageException("expected a new directory for a backbone, got " + directory + ", which holds something:"
              + " name another place");
        }
      }
      Files.writeString(directory.resolve("config.json"), text(json));
      Files.write(directory.resolve("tokenizer.json"), tokenizer);
      Path pools = Files.createDirectory(directory.resolve("1_Pooling"));
      Files.writeString(pools.resolve("config.json"), text(new TreeMap<>(pooled)));
    } catch (IOException e) {
      throw new FailureException("cannot write the backbone " + directory + ": " + e.getClass().getSimpleName() + ": "
          + e.getMessage() + "; check the place and its space", e);
    }
  }

  private static String text(Map<String, ?> json) {
    try {
      return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a config is made of texts and numbers", e);
    }
  }
}
