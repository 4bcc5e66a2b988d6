package dev.perennial.backbone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;

/** What the JSON files of a Hugging Face directory say of an encoder. */
final class HuggingFaceConfig {

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final long MOST_BYTES = 64L << 20;

  private HuggingFaceConfig() {}

  /**
   * The shape of the encoder that {@code config.json} describes.
   *
   * @throws UsageException if it is none that {@link BertEncoder} computes
   * @throws FailureException if the file is damaged
   */
  static BertConfig bert(Path file) {
    JsonNode json = object(file);
    only(file, json, "model_type", "bert", "");
    only(file, json, "hidden_act", "gelu", "gelu");
    only(file, json, "position_embedding_type", "absolute", "absolute");
    only(file, json, "is_decoder", "false", "false");
    only(file, json, "add_cross_attention", "false", "false");
    double eps = json.path("layer_norm_eps").isMissingNode() ? 1e-12 : json.path("layer_norm_eps").asDouble(-1);
    try {
      return new BertConfig(
          size(file, json, "vocab_size"), size(file, json, "hidden_size"), size(file, json, "num_hidden_layers"),
          size(file, json, "num_attention_heads"), size(file, json, "intermediate_size"),
          size(file, json, "max_position_embeddings"),
          json.has("type_vocab_size") ? size(file, json, "type_vocab_size") : 2, eps);
    } catch (IllegalArgumentException e) {
      throw new FailureException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * The pooling that {@code 1_Pooling/config.json} of Sentence Transformers asks for.
   *
   * @throws UsageException if it is neither the mean nor the first token
   */
  static Pooling pooling(Path file) {
    JsonNode json = object(file);
    var modes = new TreeSet<String>();
    json.properties().forEach(property -> {
      if (property.getKey().startsWith("pooling_mode_") && property.getValue().asBoolean()) {
        modes.add(property.getKey());
      }
    });
    return switch (String.join(", ", modes)) {
      case "pooling_mode_mean_tokens" -> Pooling.MEAN;
      case "pooling_mode_cls_token" -> Pooling.CLS;
      default -> throw new UsageException("expected pooling_mode_mean_tokens or pooling_mode_cls_token alone to be true"
          + " in " + file + ", got " + modes + ": use an encoder with one of these");
    };
  }

  /** The JSON object in a file. */
  static JsonNode object(Path file) {
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw new FailureException("expected a JSON object of at most " + MOST_BYTES + " bytes in " + file + ", got "
            + Files.size(file) + " bytes");
      }
      JsonNode json = JSON.readTree(file.toFile());
      if (!json.isObject()) {
        throw new FailureException("expected a JSON object in " + file + ", got " + json.getNodeType());
      }
      return json;
    } catch (JsonProcessingException e) {
      throw new FailureException("expected a JSON object in " + file + ", got something else: "
          + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    } catch (IOException e) {
      throw new FailureException("could not read " + file + ": " + e, e);
    }
  }

  private static void only(Path file, JsonNode json, String key, String wanted, String byDefault) {
    String found = json.path(key).asText(byDefault);
    if (!found.equals(wanted)) {
      throw new UsageException("expected \"" + key + "\": \"" + wanted + "\" in " + file + ", got "
          + (json.has(key) ? json.get(key) : "none") + ": only BERT encoders of that kind can be used");
    }
  }

  private static int size(Path file, JsonNode json, String key) {
    JsonNode value = json.path(key);
    if (!value.isInt()) {
      throw new FailureException("expected a whole number \"" + key + "\" in " + file + ", got "
          + (value.isMissingNode() ? "none" : value));
    }
    return value.intValue();
  }
}
