package dev.perennial.edit;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Brick;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.HashMap;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** What a backbone with a brick makes of inputs before a head sees it. */
public interface Features extends AutoCloseable {

  /** {@code [inputs, width]}, in the open scope. */
  Tensor of(List<? extends Input> inputs);

  @Override
  default void close() {}

  /** Of the backbone alone. */
  static Features of(FeatureCache cache) {
    return inputs -> cache.features(inputs, FeatureCache.Frozen.BACKBONE);
  }

  /** Of a backbone and a brick that no longer changes. */
  static Features of(SavedBrick saved, Backbone backbone, Workers workers) {
    var owner = new TensorOwner();
    var tensors = new HashMap<String, Tensor>();
    try (TensorScope scope = TensorScope.inference()) {
      saved.tensors().forEach((name, data) -> tensors.put(name, owner.keep(Tensors.copyOf(data))));
    }
    Brick brick = saved.on(backbone);
    var frozen = new FeatureCache.Frozen(
        "brick", Adaptation.forEachPass(brick.lowestBlock(), () -> brick.adaptation(tensors)));
    var cache = new FeatureCache(backbone, workers, 64L << 20);
    return new Features() {
      @Override
      public Tensor of(List<? extends Input> inputs) {
        return cache.features(inputs, frozen);
      }

      @Override
      public void close() {
        owner.close();
      }
    };
  }
}
