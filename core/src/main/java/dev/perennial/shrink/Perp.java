package dev.perennial.shrink;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TextModel;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/*
 * PERP: Rethinking the Prune-Retrain Paradigm in the Era of LLMs (arXiv 2312.15230). After pruning, everything stays
 * frozen but a few parameters:
 *
 *   biases       b of every Linear            norms        weight and bias of every LayerNorm
 *   mask-lora    W = M ∘ W_0 + M ∘ (B A), M the mask of what was kept: B A is merged afterwards, and zeros stay zeros.
 *                Biases and LayerNorms are trained along, as in the paper.
 *
 * The paper retrains on the loss of pretraining. An encoder comes without one, so that here the features that it had
 * before pruning are what is trained for; no labels are used.
 */
/** Retraining of a few parameters of a pruned encoder. */
public final class Perp {

  private static final int RANK = 8;
  private static final long DRAWN = 302;

  /** What is trained. */
  public enum Subset {
    /** The bias of every Linear. */
    BIASES,
    /** Weight and bias of every LayerNorm. */
    NORMS,
    /** Both. */
    BIASES_AND_NORMS,
    /** Both, and a product of rank 8 under the mask of every pruned matrix. */
    MASK_LORA
  }

  /**
   * What came out.
   *
   * @param weights all that differ from the encoder's own
   * @param trained numbers that were trained
   */
  public record Outcome(SortedMap<String, TensorData> weights, long trained) {}

  private Perp() {}

  /** The weights of the sites of an encoder, pruned: words, biases and LayerNorms stay. */
  public static SortedMap<String, TensorData> prune(TextModel model, Backbone backbone, Pruning pruning) {
    var pruned = new TreeMap<String, TensorData>();
    for (Site site : backbone.sites()) {
      TensorData weight = model.tensors().get(site.name() + ".weight");
      if (weight != null) {
        pruned.put(site.name() + ".weight",
            TensorData.of(pruning.pruned(weight.floats(), site.in()), site.out(), site.in()));
      }
    }
    return pruned;
  }

  /**
   * Retrains a pruned encoder.
   *
   * @param backbone at full precision, of the weights of {@code model}
   * @param pruned what {@link #prune} gave
   * @param inputs to train on; labels are not used
   */
  public static Outcome retrain(TextModel model, Backbone backbone, SortedMap<String, TensorData> pruned, Subset subset,
      List<? extends Input> inputs, Workers workers, DistillOptions options, ShrinkProgress progress) {
    try (var parameters = new Parameters(); var owner = new TensorOwner()) {
      var fixed = new TreeMap<String, Tensor>();
      var masks = new TreeMap<String, Tensor>();
      try (TensorScope scope = TensorScope.inference()) {
        pruned.forEach((name, data) -> {
          Tensor weight = owner.keep(Tensors.copyOf(data));
          fixed.put(name, weight);
          if (subset == Subset.MASK_LORA) {
            masks.put(name, owner.keep(weight.abs().sign()));
          }
        });
      }
      model.tensors().forEach((name, data) -> {
        if (isTrained(name, subset)) {
          parameters.add(name, data.floats(), data.shape().stream().mapToLong(Long::longValue).toArray());
        }
      });
      for (String name : masks.keySet()) {
        addProduct(parameters, name, shape(pruned, name), CounterRandom.of(options.seed(), DRAWN, parameters.size()));
      }
      new Distillation(backbone, inputs, workers, options).train(
          parameters, (step, tensors) -> Adaptation.ofWeights(weights(fixed, masks, tensors)), progress);
      var changed = new TreeMap<String, TensorData>();
      try (TensorScope scope = TensorScope.inference()) {
        weights(fixed, masks, parameters.views()).forEach(
            (name, tensor) -> changed.put(name, TensorData.of(Tensors.toFloats(tensor), tensor.shape())));
      }
      return new Outcome(changed, parameters.size());
    }
  }

  private static List<Long> shape(Map<String, TensorData> tensors, String name) {
    TensorData data = tensors.get(name);
    if (data == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return data.shape();
  }

  /** A, normal over the square root of its columns, and B, zeros: their product is 0 at first. */
  static void addProduct(Parameters parameters, String name, List<Long> shape, CounterRandom random) {
    int out = shape.getFirst().intValue();
    int in = shape.getLast().intValue();
    float[] down = new float[RANK * in];
    for (int i = 0; i < down.length; i++) {
      down[i] = (float) (random.gaussian(i) / Math.sqrt(in));
    }
    parameters.add(name + ".down", down, RANK, in);
    parameters.add(name + ".up", new float[out * RANK], out, RANK);
  }

  /** {@code B A} of a weight, with gradients. */
  static Tensor product(Map<String, Tensor> tensors, String name) {
    Tensor up = tensors.get(name + ".up");
    Tensor down = tensors.get(name + ".down");
    if (up == null || down == null) {
      throw new IllegalArgumentException("no product for " + name);
    }
    return up.mm(down);
  }

  /** Rank of the products. */
  static int rank() {
    return RANK;
  }

  private static Map<String, Tensor> weights(
      Map<String, Tensor> fixed, Map<String, Tensor> masks, Map<String, Tensor> trained) {
    var weights = new TreeMap<>(fixed);
    masks.forEach((name, mask) -> weights.computeIfPresent(
        name, (same, weight) -> weight.add(mask.mul(product(trained, name)))));
    trained.forEach((name, tensor) -> {
      if (!name.endsWith(".up") && !name.endsWith(".down")) {
        weights.put(name, tensor);
      }
    });
    return weights;
  }

  private static boolean isTrained(String name, Subset subset) {
    boolean norm = name.contains("LayerNorm");
    boolean bias = !norm && name.endsWith(".bias");
    return switch (subset) {
      case BIASES -> bias;
      case NORMS -> norm;
      case BIASES_AND_NORMS, MASK_LORA -> norm || bias;
    };
  }
}
