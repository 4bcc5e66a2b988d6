package dev.perennial.learn.analytic;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Input;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** What an analytic head sees of inputs: a fixed number of features, which nothing that is learned changes. */
interface FeatureMap extends AutoCloseable {

  /** {@code [inputs, features]}, float32, in the open scope, of at least one input. */
  Tensor of(List<? extends Input> inputs, FeatureCache.Frozen network);

  @Override
  void close();
}
