package dev.perennial.backbone;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import java.io.IOException;
import java.io.InputStream;

/** The backbones that can be asked for by name. */
public final class Backbones {

  /** Longer texts are cut to so many tokens. */
  private static final int MAX_TOKENS = 256;

  private Backbones() {}

  /**
   * Loads a backbone.
   *
   * @param name {@code minilm} (all-MiniLM-L6-v2) or {@code bge-small-en} (bge-small-en-v1.5)
   * @throws UsageException if there is none of that name
   */
  public static Backbone load(String name) {
    LibTorch.load();
    return switch (name) {
      case "minilm" -> fromOnnxJar(name, "all-minilm-l6-v2");
      case "bge-small-en" -> fromOnnxJar(name, "bge-small-en-v1.5");
      default -> throw new UsageException("expected a backbone among minilm, bge-small-en, or a directory in Hugging"
          + " Face's layout, got " + name);
    };
  }

  /** interim */
  public static Backbone forImages(String name, int channels, int height, int width, long seed) {
    throw new UsageException("interim " + name + channels + height + width + seed);
  }

  private static Backbone fromOnnxJar(String name, String resource) {
    String weights = "/" + resource + ".onnx";
    String tokens = "/" + resource + "-tokenizer.json";
    try (InputStream onnx = Backbones.class.getResourceAsStream(weights);
        InputStream json = Backbones.class.getResourceAsStream(tokens);
        TensorScope scope = TensorScope.inference()) {
      if (onnx == null || json == null) {
        throw new FailureException("expected " + weights + " and " + tokens + " on the class path, found "
            + (onnx == null ? "no weights" : "no tokenizer") + ": add the encoder's jar");
      }
      return new TextBackbone(name, BertWeights.fromOnnx(onnx, weights, 12), new TextTokenizer(json, tokens, MAX_TOKENS));
    } catch (IOException e) {
      throw new FailureException("could not read " + weights + ": " + e.getMessage(), e);
    }
  }
}
