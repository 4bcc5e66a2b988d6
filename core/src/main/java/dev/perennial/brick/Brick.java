package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A parameter module laid out for a backbone: which tensors it has, how they begin, and what they do in a forward pass.
 *
 * <p>The tensors themselves belong to whoever trains or keeps them, and are handed in by name, so that one layout serves
 * a learner's parameters, its workers' leaves and a brick read from a file. Several bricks act at once by
 * {@link Adaptation#together}, different ones on the rows of a batch by {@link Adaptation#byRow}.
 *
 * <p>Safe for use by several threads, but for {@link #restore}.
 */
public interface Brick {

  /** The name of its kind, such as {@code lora}: see {@link BrickKinds}. */
  String kind();

  /** The sites that it acts at, in the backbone's order; none where it acts on tokens. */
  List<Site> sites();

  /** The first block that it acts in: nothing below is changed by it. */
  int lowestBlock();

  /** Names and shapes of the tensors that are trained, in their order; float32, named as PEFT names them where it can. */
  SequencedMap<String, List<Long>> shapes();

  /** Numbers that are trained. */
  default long parameters() {
    return shapes().values().stream().mapToLong(shape -> shape.stream().reduce(1L, Math::multiplyExact)).sum();
  }

  /** Adds the trained tensors to {@code parameters} at their initial values; a new brick changes nothing, or little. */
  void initialise(Parameters parameters, CounterRandom random);

  /** What the brick does, with its tensors taken by name; good for as long as those live. */
  Adaptation adaptation(Map<String, Tensor> tensors);

  /**
   * What the brick does in training, where dropout acts.
   *
   * @param noise decides what is dropped, together with {@code part} and the site
   * @param part which part of the batch goes through, from 0
   */
  default Adaptation training(Map<String, Tensor> tensors, CounterRandom noise, int part) {
    return adaptation(tensors);
  }

  /**
   * What has to be added to the frozen map at one of its sites for the same effect; null where the brick is no change of
   * the weights, as an adapter with a nonlinearity. The tensors are in the open scope.
   */
  default @Nullable Delta delta(Site site, Map<String, Tensor> tensors) {
    return null;
  }

  /** What it keeps beside the trained tensors and cannot be found from its options, such as places of numbers, by name. */
  default Map<String, TensorData> fixed() {
    return Map.of();
  }

  /**
   * Takes over what {@link #fixed} gave, copying it. Where nothing is kept, nothing may be given.
   *
   * @throws FailureException if it does not belong to such a brick
   */
  default void restore(Map<String, TensorData> fixed) {
    if (!fixed.isEmpty()) {
      throw new FailureException("expected no fixed tensors for a brick of kind " + kind() + ", got " + fixed.keySet()
          + ": the brick was made with other options");
    }
  }

  /**
   * A change of a linear map.
   *
   * @param weight {@code [out, in]}
   * @param bias {@code [out]}, or null where the bias stays
   */
  record Delta(Tensor weight, @Nullable Tensor bias) {}
}
