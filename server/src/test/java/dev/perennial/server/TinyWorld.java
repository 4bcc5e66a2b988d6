package dev.perennial.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A small world: an encoder of random weights as a directory, and texts whose classes are told by their words. */
public final class TinyWorld {

  private static final int WORDS = 60;
  private static final int HIDDEN = 24;
  private static final int LAYERS = 2;
  private static final int POSITIONS = 64;

  private TinyWorld() {}

  /** Writes the encoder, and returns its directory. */
  public static Path backbone(Path directory) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(directory.resolve("config.json"), """
        {"model_type": "bert", "hidden_act": "gelu", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d,
         "num_attention_heads": 2, "intermediate_size": 32, "max_position_embeddings": %d, "type_vocab_size": 2,
         "layer_norm_eps": 1e-12}
        """.formatted(WORDS + 4, HIDDEN, LAYERS, POSITIONS), UTF_8);
    var words = new StringBuilder("\"[PAD]\": 0, \"[UNK]\": 1, \"[CLS]\": 2, \"[SEP]\": 3");
    for (int word = 0; word < WORDS; word++) {
      words.append(", \"w").append(word).append("\": ").append(word + 4);
    }
    Files.writeString(directory.resolve("tokenizer.json"), """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
         "normalizer": null, "pre_tokenizer": {"type": "Whitespace"},
         "post_processor": {"type": "TemplateProcessing",
           "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                      {"SpecialToken": {"id": "[SEP]", "type_id": 0}}],
           "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
           "special_tokens": {"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
                              "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}}},
         "decoder": null, "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {%s}}}
        """.formatted(words), UTF_8);
    Safetensors.write(directory.resolve("model.safetensors"), tensors(), new TreeMap<>());
    return directory;
  }

  private static TreeMap<String, TensorData> tensors() {
    var tensors = new TreeMap<String, TensorData>();
    put(tensors, "embeddings.word_embeddings.weight", WORDS + 4, HIDDEN);
    put(tensors, "embeddings.position_embeddings.weight", POSITIONS, HIDDEN);
    put(tensors, "embeddings.token_type_embeddings.weight", 2, HIDDEN);
    put(tensors, "embeddings.LayerNorm.weight", HIDDEN);
    put(tensors, "embeddings.LayerNorm.bias", HIDDEN);
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "encoder.layer." + layer + ".";
      for (String name : List.of("attention.self.query", "attention.self.key", "attention.self.value",
          "attention.output.dense")) {
        put(tensors, block + name + ".weight", HIDDEN, HIDDEN);
        put(tensors, block + name + ".bias", HIDDEN);
      }
      put(tensors, block + "intermediate.dense.weight", 32, HIDDEN);
      put(tensors, block + "intermediate.dense.bias", 32);
      put(tensors, block + "output.dense.weight", HIDDEN, 32);
      put(tensors, block + "output.dense.bias", HIDDEN);
      for (String name : List.of("attention.output.LayerNorm", "output.LayerNorm")) {
        put(tensors, block + name + ".weight", HIDDEN);
        put(tensors, block + name + ".bias", HIDDEN);
      }
    }
    return tensors;
  }

  private static void put(TreeMap<String, TensorData> tensors, String name, long... shape) {
    var random = CounterRandom.of(11, tensors.size());
    long length = 1;
    for (long size : shape) {
      length *= size;
    }
    float[] values = new float[(int) length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (name.contains("LayerNorm.weight") ? 1 : random.gaussian(i) * (name.contains("embeddings") ? 1 : 0.2));
    }
    tensors.put(name, TensorData.of(values, shape));
  }

  /** Row {@code i}: of class {@code c} = i mod classes, a text of words that are mostly those of its class. */
  public static Intake.Row row(int i, int classes) {
    var random = CounterRandom.of(3, i);
    int label = i % classes;
    var words = new ArrayList<String>();
    int length = 4 + random.below(0, 6);
    for (int word = 1; word <= length; word++) {
      int own = label * 5 + random.below(word, 5);
      words.add("w" + (random.uniform(100 + word) < 0.8 ? own : random.below(200 + word, WORDS)));
    }
    return new Intake.Row(String.join(" ", words), "c" + label);
  }

  /** Rows {@code from} to {@code to - 1}. */
  public static List<Intake.Row> rows(int from, int to, int classes) {
    var rows = new ArrayList<Intake.Row>();
    for (int i = from; i < to; i++) {
      rows.add(row(i, classes));
    }
    return rows;
  }
}
