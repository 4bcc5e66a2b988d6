package dev.perennial.learn.structure;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a backbone that can be trained, layer by layer: its own weights, or those of a LoRA brick where it is
 * frozen.
 */
final class Layers {

  private static final Pattern PART_OF_LAYER = Pattern.compile("\\.(weight|bias|lora_[AB]\\.weight)$");

  private final Backbone backbone;
  private final @Nullable Lora lora;
  private final LinkedHashMap<String, Weight> weights = new LinkedHashMap<>();

  /**
   * One tensor at its initial values.
   *
   * @param layer what the tensors of a layer have in common
   */
  record Weight(String name, String layer, float[] initial, long... shape) {

    void addTo(Parameters parameters) {
      parameters.add(name, initial, shape);
    }

    int size() {
      return initial.length;
    }
  }

  /**
   * Those of {@code backbone}.
   *
   * @param random what the initial values of a brick are drawn from
   */
  Layers(Backbone backbone, LoraOptions options, CounterRandom random) {
    this.backbone = backbone;
    this.lora = backbone.sites().isEmpty() ? null : new Lora(options, backbone);
    try (var initial = new Parameters();
        TensorScope scope = TensorScope.inference()) {
      if (lora == null) {
        backbone.initialise(initial);
      } else {
        lora.initialise(initial, random);
      }
      initial.views().forEach((name, view) -> weights.put(name, new Weight(
          name, PART_OF_LAYER.matcher(name).replaceFirst(""), Tensors.toFloats(view), view.shape())));
    }
  }

  Backbone backbone() {
    return backbone;
  }

  /** Whether the backbone is frozen, so that what is trained is a brick. */
  boolean frozen() {
    return lora != null;
  }

  /** All tensors, from the input to the output. */
  List<Weight> weights() {
    return List.copyOf(weights.values());
  }

  /** The names of the layers, from the input to the output. */
  List<String> names() {
    return weights.values().stream().map(Weight::layer).distinct().toList();
  }

  /** The tensors of the layers from {@code first} to below {@code end}. */
  List<Weight> weights(int first, int end) {
    List<String> layers = names().subList(first, end);
    var found = new ArrayList<Weight>();
    weights.values().stream().filter(weight -> layers.contains(weight.layer)).forEach(found::add);
    return found;
  }

  /** What acts on the backbone with the tensors taken from {@code tensors} by name. */
  Adaptation adaptation(Map<String, Tensor> tensors) {
    return lora == null ? Adaptation.ofWeights(tensors) : lora.adaptation(tensors);
  }
}
